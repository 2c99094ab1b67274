import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.time.LocalDateTime;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.apache.flink.api.common.functions.MapFunction;
import org.apache.flink.api.common.typeinfo.TypeInformation;
import org.apache.flink.api.common.typeinfo.Types;
import org.apache.flink.api.java.typeutils.RowTypeInfo;
import org.apache.flink.configuration.Configuration;
import org.apache.flink.shaded.jackson2.com.fasterxml.jackson.databind.JsonNode;
import org.apache.flink.shaded.jackson2.com.fasterxml.jackson.databind.ObjectMapper;
import org.apache.flink.shaded.jackson2.com.fasterxml.jackson.databind.node.ObjectNode;
import org.apache.flink.streaming.api.datastream.DataStream;
import org.apache.flink.streaming.api.environment.StreamExecutionEnvironment;
import org.apache.flink.table.api.Schema;
import org.apache.flink.table.api.bridge.java.StreamTableEnvironment;
import org.apache.flink.types.Row;
import org.apache.flink.util.CloseableIterator;

/**
 * FlinkSql JOB.json: runs SQL queries over files of events on Flink, all in one local job, in event time without disorder.
 *
 * <p>The job is {@code {"tables": {name: {"columns": {column: "STRING" | "DOUBLE" | "BIGINT" | "BOOLEAN" | "TIME"}, "file": "events.ndjson"}},
 * "queries": [{"name": …, "sql": …}]}}; TIME is the time of the events, epoch ms in the file. Prints {@code {"query": …, "row": {…}}} for each
 * row of an answer, times as epoch ms, and {@code {"query": …, "error": …}} for a text that Flink refuses.
 */
public class FlinkSql {
  private static final ObjectMapper JSON = new ObjectMapper();

  public static void main(String[] args) throws Exception {
    JsonNode job = JSON.readTree(Files.readString(Path.of(args[0])));
    Configuration configuration = new Configuration();
    configuration.setString("rest.bind-port", "0");
    StreamExecutionEnvironment environment = StreamExecutionEnvironment.createLocalEnvironment(1, configuration);
    StreamTableEnvironment tables = StreamTableEnvironment.create(environment);
    for (Map.Entry<String, JsonNode> table : job.get("tables").properties()) addTable(environment, tables, table.getKey(), table.getValue());
    DataStream<String> answers = null;
    for (JsonNode query : job.get("queries")) {
      String name = query.get("name").asText();
      try {
        DataStream<String> rows = tables.toDataStream(tables.sqlQuery(query.get("sql").asText())).map(new AsLine(name)).returns(Types.STRING);
        answers = answers == null ? rows : answers.union(rows);
      } catch (Exception refused) {
        System.out.println(JSON.createObjectNode().put("query", name).put("error", String.valueOf(innermost(refused).getMessage())));
      }
    }
    if (answers == null) return;
    try (CloseableIterator<String> lines = answers.executeAndCollect()) {
      while (lines.hasNext()) System.out.println(lines.next());
    }
  }

  private static Throwable innermost(Throwable thrown) {
    return thrown.getCause() == null ? thrown : innermost(thrown.getCause());
  }

  private static void addTable(StreamExecutionEnvironment environment, StreamTableEnvironment tables, String name, JsonNode table) throws IOException {
    List<String> columns = new ArrayList<>();
    List<TypeInformation<?>> types = new ArrayList<>();
    Schema.Builder schema = Schema.newBuilder();
    for (Map.Entry<String, JsonNode> column : table.get("columns").properties()) {
      String type = column.getValue().asText();
      columns.add(column.getKey());
      types.add(typeOf(type));
      schema.column(column.getKey(), type.equals("TIME") ? "TIMESTAMP(3)" : type);
      if (type.equals("TIME")) schema.watermark(column.getKey(), "`" + column.getKey() + "` - INTERVAL '0.001' SECOND");
    }
    List<Row> rows = new ArrayList<>();
    for (String line : Files.readAllLines(Path.of(table.get("file").asText()), StandardCharsets.UTF_8)) rows.add(rowOf(JSON.readTree(line), table.get("columns")));
    RowTypeInfo rowType = new RowTypeInfo(types.toArray(new TypeInformation<?>[0]), columns.toArray(new String[0]));
    tables.createTemporaryView("`" + name + "`", tables.fromDataStream(environment.fromData(rows, rowType), schema.build()));
  }

  private static TypeInformation<?> typeOf(String type) {
    switch (type) {
      case "STRING":
        return Types.STRING;
      case "DOUBLE":
        return Types.DOUBLE;
      case "BIGINT":
        return Types.LONG;
      case "BOOLEAN":
        return Types.BOOLEAN;
      case "TIME":
        return Types.LOCAL_DATE_TIME;
      default:
        throw new IllegalArgumentException(type);
    }
  }

  private static Row rowOf(JsonNode event, JsonNode columns) {
    Row row = new Row(columns.size());
    int at = 0;
    for (Map.Entry<String, JsonNode> column : columns.properties()) row.setField(at++, valueOf(event.get(column.getKey()), column.getValue().asText()));
    return row;
  }

  private static Object valueOf(JsonNode value, String type) {
    if (value == null || value.isNull()) return null;
    switch (type) {
      case "STRING":
        return value.asText();
      case "DOUBLE":
        return value.asDouble();
      case "BIGINT":
        return value.asLong();
      case "BOOLEAN":
        return value.asBoolean();
      default:
        return LocalDateTime.ofInstant(Instant.ofEpochMilli(value.asLong()), ZoneOffset.UTC);
    }
  }

  /** A row as a line of JSON. */
  private static class AsLine implements MapFunction<Row, String> {
    private final String query;

    AsLine(String query) {
      this.query = query;
    }

    @Override
    public String map(Row row) {
      ObjectNode values = JSON.createObjectNode();
      for (String name : row.getFieldNames(true)) values.set(name, JSON.valueToTree(plain(row.getField(name))));
      ObjectNode line = JSON.createObjectNode().put("query", query);
      line.set("row", values);
      return line.toString();
    }

    private static Object plain(Object value) {
      if (value instanceof LocalDateTime) return ((LocalDateTime) value).toInstant(ZoneOffset.UTC).toEpochMilli();
      return value instanceof Instant ? ((Instant) value).toEpochMilli() : value;
    }
  }
}
