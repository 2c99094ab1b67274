import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.time.Duration;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import org.apache.kafka.clients.consumer.ConsumerRebalanceListener;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.ConsumerRecords;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;

/**
 * Loop BROKERS TOPIC GROUP OUT transactions|plain|parse : what a careful user writes by hand on the Java client for workload W1, with Jackson's tree.
 * State is a map in memory that nothing keeps. Prints "ready", then {"at", "events"} as it goes.
 */
public class Loop {
  private static final long WITHIN_MS = 600_000;
  private static final ObjectMapper MAPPER = new ObjectMapper();
  private static final Map<String, Long> LAST_SMALL = new HashMap<>();

  public static void main(String[] args) throws Exception {
    String topic = args[1], group = args[2], out = args[3], mode = args[4];
    boolean transactional = mode.equals("transactions");
    try (KafkaConsumer<byte[], byte[]> consumer = new KafkaConsumer<>(consumerSettings(args[0], group, transactional));
        KafkaProducer<byte[], byte[]> producer = new KafkaProducer<>(producerSettings(args[0], group, transactional))) {
      if (transactional) producer.initTransactions();
      consumer.subscribe(List.of(topic), new ConsumerRebalanceListener() {
        @Override public void onPartitionsAssigned(Collection<TopicPartition> partitions) { System.out.println("ready"); }
        @Override public void onPartitionsRevoked(Collection<TopicPartition> partitions) {}
      });
      long events = 0, toldAt = 0;
      for (;;) {
        ConsumerRecords<byte[], byte[]> records = consumer.poll(Duration.ofMillis(100));
        if (!records.isEmpty()) {
          if (transactional) producer.beginTransaction();
          Map<TopicPartition, OffsetAndMetadata> offsets = new HashMap<>();
          for (TopicPartition partition : records.partitions()) {
            List<ConsumerRecord<byte[], byte[]>> of = records.records(partition);
            for (ConsumerRecord<byte[], byte[]> record : of) {
              JsonNode event = MAPPER.readTree(record.value());
              String alert = mode.equals("parse") ? null : step(event);
              if (alert != null) producer.send(new ProducerRecord<>(out, record.key(), alert.getBytes("UTF-8")));
            }
            offsets.put(partition, new OffsetAndMetadata(of.get(of.size() - 1).offset() + 1));
          }
          if (transactional) {
            producer.sendOffsetsToTransaction(offsets, consumer.groupMetadata());
            producer.commitTransaction();
          } else if (!mode.equals("parse")) producer.flush();
          events += records.count();
        }
        if (System.currentTimeMillis() - toldAt >= 20) {
          toldAt = System.currentTimeMillis();
          System.out.println("{\"at\":" + toldAt + ",\"events\":" + events + "}");
        }
      }
    }
  }

  private static String step(JsonNode event) {
    String card = event.get("card").asText();
    long ts = event.get("ts").asLong(), amount = event.get("amountMinor").asLong();
    if (amount < 20_000) LAST_SMALL.put(card, ts);
    else if (amount >= 2_000_000) {
      Long small = LAST_SMALL.remove(card);
      if (small != null && ts - small <= WITHIN_MS) return "{\"rule\":\"small-then-large\",\"key\":[\"" + card + "\"],\"at\":" + ts + "}";
    }
    return null;
  }

  private static Properties consumerSettings(String brokers, String group, boolean transactional) {
    Properties settings = new Properties();
    settings.putAll(Map.of("bootstrap.servers", brokers, "group.id", group, "auto.offset.reset", "earliest", "isolation.level", "read_committed", "max.poll.records", "5000",
        "enable.auto.commit", String.valueOf(!transactional)));
    for (String side : new String[] {"key", "value"}) settings.put(side + ".deserializer", "org.apache.kafka.common.serialization.ByteArrayDeserializer");
    return settings;
  }

  private static Properties producerSettings(String brokers, String group, boolean transactional) {
    Properties settings = new Properties();
    settings.putAll(Map.of("bootstrap.servers", brokers, "acks", "all", "linger.ms", "0"));
    if (transactional) settings.put("transactional.id", group);
    for (String side : new String[] {"key", "value"}) settings.put(side + ".serializer", "org.apache.kafka.common.serialization.ByteArraySerializer");
    return settings;
  }
}
