package dev.signalbox.system.scenario;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.signalbox.schemas.Headers;
import dev.signalbox.schemas.Lane;
import dev.signalbox.schemas.PoolName;
import dev.signalbox.schemas.Priority;
import dev.signalbox.schemas.Topics;
import dev.signalbox.system.Installation;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.BiConsumer;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** URLs wherever a request can hold one, over 200 in all: every request is answered, and nobody connects to them. */
@Tag("issue-3")
class ForgedAddressesIT {
    private static final Lane LANE = new Lane(new PoolName("main"), Priority.STANDARD);
    private static final ObjectMapper JSON = new ObjectMapper();

    /** A request being forged. */
    private record Forged(ObjectNode request, ObjectNode body, Map<String, String> headers) {
    }

    private static final List<String> SHAPES = List.of("http://127.0.0.1:%d/v1", "http://localhost:%d/",
            "https://127.0.0.1:%d/v1", "http://me:secret@127.0.0.1:%d/", "http://2130706433:%d/", "http://127.1:%d/",
            "//127.0.0.1:%d/");

    private static final Map<String, BiConsumer<Forged, String>> PLACES = places();

    private static Map<String, BiConsumer<Forged, String>> places() {
        Map<String, BiConsumer<Forged, String>> places = new TreeMap<>();
        for (String name : List.of("base_url", "api_base", "endpoint", "url", "webhook", "callback_url", "proxy",
                "model")) {
            places.put("body " + name, (forged, url) -> forged.body.put(name, url));
        }
        places.put("body extra_body", (forged, url) -> forged.body.putObject("extra_body").put("base_url", url));
        places.put("body metadata", (forged, url) -> forged.body.putObject("metadata").put("url", url));
        places.put("body mcp_servers", (forged, url) -> forged.body.putArray("mcp_servers").addObject()
                .put("type", "url").put("name", "n").put("url", url));
        places.put("body image", (forged, url) -> content(forged).addObject().put("type", "image_url")
                .putObject("image_url").put("url", url));
        places.put("body image source", (forged, url) -> content(forged).addObject().put("type", "image")
                .putObject("source").put("type", "url").put("url", url));
        places.put("body document source", (forged, url) -> content(forged).addObject().put("type", "document")
                .putObject("source").put("type", "url").put("url", url));
        places.put("body text", (forged, url) -> content(forged).addObject().put("type", "text").put("text", url));
        places.put("body tool", (forged, url) -> forged.body.putArray("tools").addObject().put("type", "function")
                .putObject("function").put("name", "f").put("description", url).put("url", url));
        for (String name : List.of("model", "useCase", "tenant", "department", "replyTopic", "tokensTopic",
                "replayOf")) {
            places.put("request " + name, (forged, url) -> forged.request.put(name, url));
        }
        places.put("request labels", (forged, url) -> forged.request.putObject("labels").put("base_url", url));
        places.put("request baseUrl", (forged, url) -> forged.request.put("baseUrl", url));
        for (String name : List.of(Headers.REPLY_TO, Headers.SPRING_REPLY_TOPIC, "x-base-url", "host",
                "x-forwarded-host", "location", "forwarded", "referer", Headers.TRACEPARENT, Headers.TRACESTATE,
                "ce_source", "schema.registry.url", Headers.FIRST_ENQUEUED)) {
            places.put("header " + name, (forged, url) -> forged.headers.put(name, url));
        }
        return places;
    }

    private static ArrayNode content(Forged forged) {
        ObjectNode message = (ObjectNode) forged.body.get("messages").get(0);
        return message.putArray("content");
    }

    @Test
    void no_address_of_a_request_is_ever_called(@TempDir Path folder) throws Exception {
        Bench bench = new Bench(List.of(), Duration.ofSeconds(5));
        try (Trap trap = new Trap();
                Installation installation = Installation.start(folder, Bench.vendors(), bench::configuration)) {
            List<String> ids = send(installation, trap.port());
            assertThat(ids).hasSizeGreaterThanOrEqualTo(200);
            Map<String, String> statuses = new HashMap<>();
            try (var consumer = new KafkaConsumer<>(installation.clientProperties(), new ByteArrayDeserializer(),
                    new ByteArrayDeserializer())) {
                List<TopicPartition> partitions = new ArrayList<>();
                for (String topic : List.of(Topics.REPLIES, Topics.DEAD_LETTERS)) {
                    consumer.partitionsFor(topic)
                            .forEach(info -> partitions.add(new TopicPartition(topic, info.partition())));
                }
                consumer.assign(partitions);
                consumer.seekToBeginning(partitions);
                Awaitility.await().atMost(Duration.ofSeconds(60)).pollInSameThread().untilAsserted(() -> {
                    consumer.poll(Duration.ofMillis(100)).forEach(record -> statuses.put(text(record.key()),
                            status(record)));
                    assertThat(statuses.keySet()).containsAll(ids);
                });
            }
            Map<String, Integer> counts = new TreeMap<>();
            statuses.values().forEach(status -> counts.merge(status, 1, Integer::sum));
            System.out.printf(Locale.ROOT, "forged addresses: %d in %d places, answered %s, %d connections%n",
                    ids.size(), PLACES.size(), counts, trap.connections());
            assertThat(counts).containsKeys("COMPLETED", "FAILED");
            assertThat(trap.connections()).isZero();
            try (Socket _ = new Socket(InetAddress.getLoopbackAddress(), trap.port())) {
                Awaitility.await().atMost(Duration.ofSeconds(5)).until(() -> trap.connections() == 1);
            }
        }
    }

    private static List<String> send(Installation installation, int port) {
        List<String> ids = new ArrayList<>();
        try (var raw = new KafkaProducer<>(installation.clientProperties(), new ByteArraySerializer(),
                new ByteArraySerializer())) {
            PLACES.forEach((place, forge) -> {
                for (String shape : SHAPES) {
                    Family family = Family.values()[ids.size() % 2];
                    String id = "forged-" + ids.size();
                    raw.send(record(id, family, forge, shape.formatted(port)));
                    ids.add(id);
                }
            });
            raw.flush();
        }
        return ids;
    }

    private static ProducerRecord<byte[], byte[]> record(String id, Family family,
            BiConsumer<Forged, String> forge, String url) {
        String model = Bench.HEALTHY + family.label();
        ObjectNode request = JSON.createObjectNode().put("id", id).put("model", model).put("bodyFormat",
                family.format.name()).put("timeToLiveMillis", 30_000);
        ObjectNode body = request.putObject("body").put("model", model).put("max_tokens", 1_024);
        body.putArray("messages").addObject().put("role", "user").put("content", "Where is my parcel?");
        Map<String, String> headers = new TreeMap<>();
        forge.accept(new Forged(request, body, headers), url);
        var record = new ProducerRecord<>(LANE.requestTopic(), id.getBytes(StandardCharsets.UTF_8),
                request.toString().getBytes(StandardCharsets.UTF_8));
        record.headers().add(Headers.CONTENT_TYPE, Headers.CONTENT_TYPE_JSON.getBytes(StandardCharsets.UTF_8));
        headers.forEach((name, value) -> record.headers().add(name, value.getBytes(StandardCharsets.UTF_8)));
        return record;
    }

    private static String status(ConsumerRecord<byte[], byte[]> record) {
        var header = record.headers().lastHeader(Headers.STATUS);
        return header == null ? "dead letter" : text(header.value());
    }

    private static String text(byte[] bytes) {
        return bytes == null ? "" : new String(bytes, StandardCharsets.UTF_8);
    }
}
