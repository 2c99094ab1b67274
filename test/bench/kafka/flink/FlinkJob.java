import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.apache.flink.api.common.JobStatus;
import org.apache.flink.api.common.eventtime.Watermark;
import org.apache.flink.api.common.eventtime.WatermarkGenerator;
import org.apache.flink.api.common.eventtime.WatermarkOutput;
import org.apache.flink.api.common.eventtime.WatermarkStrategy;
import org.apache.flink.api.common.serialization.DeserializationSchema;
import org.apache.flink.api.common.serialization.SimpleStringSchema;
import org.apache.flink.api.common.typeinfo.TypeInformation;
import org.apache.flink.api.common.typeinfo.Types;
import org.apache.flink.cep.CEP;
import org.apache.flink.cep.PatternSelectFunction;
import org.apache.flink.cep.nfa.aftermatch.AfterMatchSkipStrategy;
import org.apache.flink.cep.pattern.Pattern;
import org.apache.flink.cep.pattern.conditions.SimpleCondition;
import org.apache.flink.configuration.Configuration;
import org.apache.flink.connector.base.DeliveryGuarantee;
import org.apache.flink.connector.kafka.sink.KafkaRecordSerializationSchema;
import org.apache.flink.connector.kafka.sink.KafkaSink;
import org.apache.flink.connector.kafka.source.KafkaSource;
import org.apache.flink.connector.kafka.source.enumerator.initializer.OffsetsInitializer;
import org.apache.flink.core.execution.CheckpointingMode;
import org.apache.flink.core.execution.JobClient;
import org.apache.flink.shaded.jackson2.com.fasterxml.jackson.databind.JsonNode;
import org.apache.flink.shaded.jackson2.com.fasterxml.jackson.databind.ObjectMapper;
import org.apache.flink.streaming.api.datastream.DataStream;
import org.apache.flink.streaming.api.environment.StreamExecutionEnvironment;

/**
 * FlinkJob BROKERS TOPIC GROUP OUT CHECKPOINT_MS CHECKPOINT_FOLDER : workload W1 as its users write it: Kafka source, Jackson's tree, CEP in event time, exactly-once Kafka sink. A local
 * cluster in one process, two slots, state on the heap, checkpoints on disk. Prints "ready" once the job runs.
 */
public class FlinkJob {
  public static class Payment {
    public String card;
    public long ts, amountMinor;
  }

  public static void main(String[] args) throws Exception {
    String brokers = args[0], topic = args[1], group = args[2], out = args[3], folder = args[5];
    Configuration settings = new Configuration();
    settings.setString("execution.checkpointing.storage", "filesystem");
    settings.setString("execution.checkpointing.dir", "file://" + folder);
    StreamExecutionEnvironment environment = StreamExecutionEnvironment.createLocalEnvironment(2, settings);
    environment.enableCheckpointing(Long.parseLong(args[4]), CheckpointingMode.EXACTLY_ONCE);
    environment.getConfig().enableObjectReuse();
    // an alert does not wait for a buffer to fill
    environment.setBufferTimeout(5);
    KafkaSource<Payment> source = KafkaSource.<Payment>builder().setBootstrapServers(brokers).setTopics(topic).setGroupId(group).setStartingOffsets(OffsetsInitializer.earliest()).setValueOnlyDeserializer(new Reader()).build();
    // event time goes on with each event. A partition that is only not read for a while must not count as idle: what comes of it then would be late, and lost; it is idle at the end, for the last alerts
    WatermarkStrategy<Payment> time = WatermarkStrategy.<Payment>forGenerator(context -> new Latest()).withTimestampAssigner((payment, at) -> payment.ts).withIdleness(Duration.ofSeconds(10));
    DataStream<Payment> payments = environment.fromSource(source, time, "payments");
    Pattern<Payment, ?> pattern = Pattern.<Payment>begin("small", AfterMatchSkipStrategy.skipPastLastEvent()).where(SimpleCondition.of(payment -> payment.amountMinor < 20_000))
        .followedBy("large").where(SimpleCondition.of(payment -> payment.amountMinor >= 2_000_000)).within(Duration.ofMinutes(10).plusMillis(1));
    DataStream<String> alerts = CEP.pattern(payments.keyBy(payment -> payment.card), pattern).select(new PatternSelectFunction<Payment, String>() {
      @Override public String select(Map<String, List<Payment>> match) {
        Payment large = match.get("large").get(0);
        return "{\"rule\":\"small-then-large\",\"key\":[\"" + large.card + "\"],\"at\":" + large.ts + "}";
      }
    });
    alerts.sinkTo(KafkaSink.<String>builder().setBootstrapServers(brokers).setDeliveryGuarantee(DeliveryGuarantee.EXACTLY_ONCE).setTransactionalIdPrefix(group).setProperty("transaction.timeout.ms", "600000")
        .setRecordSerializer(KafkaRecordSerializationSchema.<String>builder().setTopic(out).setValueSerializationSchema(new SimpleStringSchema()).build()).build());
    JobClient job = environment.executeAsync("small-then-large");
    while (job.getJobStatus().get() != JobStatus.RUNNING) Thread.sleep(50);
    System.out.println("ready");
    job.getJobExecutionResult().get();
  }

  static class Latest implements WatermarkGenerator<Payment> {
    private long latest = Long.MIN_VALUE;

    @Override public void onEvent(Payment payment, long at, WatermarkOutput output) {
      if (payment.ts <= latest) return;
      latest = payment.ts;
      output.emitWatermark(new Watermark(latest));
    }

    @Override public void onPeriodicEmit(WatermarkOutput output) {}
  }

  static class Reader implements DeserializationSchema<Payment> {
    private transient ObjectMapper mapper;

    @Override public Payment deserialize(byte[] value) throws java.io.IOException {
      if (mapper == null) mapper = new ObjectMapper();
      JsonNode event = mapper.readTree(value);
      Payment payment = new Payment();
      payment.card = event.get("card").asText();
      payment.ts = event.get("ts").asLong();
      payment.amountMinor = event.get("amountMinor").asLong();
      return payment;
    }

    @Override public boolean isEndOfStream(Payment payment) { return false; }
    @Override public TypeInformation<Payment> getProducedType() { return Types.POJO(Payment.class); }
  }
}
