"""A producer and a consumer of another make (librdkafka), so that what the service reads and writes is somebody else's.

    kafka_peer.py create BROKERS TOPIC PARTITIONS
    kafka_peer.py produce BROKERS TOPIC KEY_FIELD RATE   NDJSON from stdin, idempotent, at RATE events a second (0: as fast as it goes);
                                                         prints the wall time of each event, then "done"
    kafka_peer.py follow BROKERS TOPIC                   read_committed, from the start, for ever: {"at", "partition", "offset", "headers", "value"} a line
    kafka_peer.py read BROKERS TOPIC                     the same up to the present end
"""
import json
import sys
import time

from confluent_kafka import Consumer, Producer, TopicPartition
from confluent_kafka.admin import AdminClient, NewTopic


def create(brokers, topic, partitions):
    admin = AdminClient({"bootstrap.servers": brokers})
    for future in admin.create_topics([NewTopic(topic, int(partitions))]).values():
        future.result(30)


def produce(brokers, topic, key_field, rate):
    failures = []
    delivered = lambda error, _: failures.append(str(error)) if error else None
    producer = Producer({"bootstrap.servers": brokers, "enable.idempotence": True, "acks": "all", "linger.ms": 2, "partitioner": "murmur2_random"})
    began = time.time()
    for i, line in enumerate(sys.stdin):
        line = line.strip()
        if float(rate) > 0:
            wait = began + i / float(rate) - time.time()
            if wait > 0:
                producer.poll(0)
                time.sleep(wait)
        while True:
            try:
                producer.produce(topic, key=json.loads(line)[key_field], value=line, on_delivery=delivered)
                break
            except BufferError:
                producer.poll(0.1)
        print(int(time.time() * 1000), flush=i % 50 == 0)
    assert producer.flush(120) == 0, "not everything was delivered"
    assert not failures, failures[:3]
    print("done", flush=True)


def consumer_of(brokers, topic):
    consumer = Consumer({"bootstrap.servers": brokers, "group.id": f"{topic}-peer", "isolation.level": "read_committed", "enable.auto.commit": False, "enable.partition.eof": True, "fetch.wait.max.ms": 20})
    partitions = consumer.list_topics(topic, 30).topics[topic].partitions
    consumer.assign([TopicPartition(topic, partition, 0) for partition in partitions])
    return consumer, set(partitions)


def tell(message, flush):
    print(json.dumps({"at": int(time.time() * 1000), "partition": message.partition(), "offset": message.offset(), "headers": {name: value.decode("utf8") for name, value in message.headers() or []}, "value": message.value().decode("utf8")}), flush=flush)


def follow(brokers, topic):
    consumer, _ = consumer_of(brokers, topic)
    print("ready", flush=True)
    while True:
        message = consumer.poll(1)
        if message is not None and not message.error():
            tell(message, True)


def read(brokers, topic):
    consumer, left = consumer_of(brokers, topic)
    while left:
        message = consumer.poll(30)
        assert message is not None, "nothing more came, not even the end"
        if message.error():
            left.discard(message.partition())
        else:
            tell(message, False)
    print("done", flush=True)


if __name__ == "__main__":
    {"create": create, "produce": produce, "follow": follow, "read": read}[sys.argv[1]](*sys.argv[2:])
