"""Another client of the same brokers (librdkafka), so that what we read and write is held against somebody else's view.

    peer.py produce BROKERS TOPIC CODEC COUNT     COUNT records v0 ... to partition 0 in batches of that codec
    peer.py interleave BROKERS TOPIC SEED STEPS   transactions of four producers on partition 0, committed or aborted at random
    peer.py consume BROKERS TOPIC PARTITION       prints what a read_committed consumer sees, as JSON
"""
import json
import random
import sys

from confluent_kafka import Consumer, Producer, TopicPartition


def produce(brokers, topic, codec, count):
    producer = Producer({"bootstrap.servers": brokers, "compression.type": codec, "linger.ms": 50, "batch.num.messages": 500})
    for i in range(int(count)):
        producer.produce(topic, key=f"k{i}", value=f"v{i} " + "lorem ipsum " * (i % 40), headers={"n": str(i)}, partition=0)
    assert producer.flush(30) == 0


def interleave(brokers, topic, seed, steps):
    dice = random.Random(int(seed))
    producers = [Producer({"bootstrap.servers": brokers, "transactional.id": f"{topic}-{n}", "linger.ms": 0}) for n in range(4)]
    for producer in producers:
        producer.init_transactions(30)
    is_open = [False] * len(producers)
    for step in range(int(steps)):
        n = dice.randrange(len(producers))
        if not is_open[n]:
            producers[n].begin_transaction()
            is_open[n] = True
        if dice.random() < 0.7:
            producers[n].produce(topic, value=f"{n}:{step}", key=b"\0\0\0\0" if dice.random() < 0.3 else None, partition=0)
            producers[n].flush(30)
        else:
            (producers[n].abort_transaction if dice.random() < 0.6 else producers[n].commit_transaction)(30)
            is_open[n] = False
    for n, producer in enumerate(producers):
        if is_open[n]:
            (producer.abort_transaction if n % 2 else producer.commit_transaction)(30)


def consume(brokers, topic, partition):
    consumer = Consumer({"bootstrap.servers": brokers, "group.id": f"{topic}-peer", "isolation.level": "read_committed", "enable.auto.commit": False, "enable.partition.eof": True})
    consumer.assign([TopicPartition(topic, int(partition), 0)])
    seen = []
    while True:
        message = consumer.poll(30)
        assert message is not None, "nothing more came, not even the end"
        if message.error():
            break
        text = lambda part: None if part is None else part.decode("utf8", "replace")
        seen.append([message.offset(), text(message.key()), text(message.value())])
    consumer.close()
    print(json.dumps(seen))


if __name__ == "__main__":
    {"produce": produce, "interleave": interleave, "consume": consume}[sys.argv[1]](*sys.argv[2:])
