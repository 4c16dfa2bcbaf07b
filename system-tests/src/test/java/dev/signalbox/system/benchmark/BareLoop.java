package dev.signalbox.system.benchmark;

import java.io.IOException;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import okhttp3.ConnectionPool;
import okhttp3.Dispatcher;
import okhttp3.MediaType;
import okhttp3.OkHttpClient;
import okhttp3.Request;
import okhttp3.RequestBody;
import okhttp3.Response;
import org.apache.kafka.clients.consumer.CooperativeStickyAssignor;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;

/**
 * The floor that Signalbox is measured against: consume, one HTTP call on a virtual thread, produce, commit each 200 ms.
 * No ledger, no routing, no reply protocol, no safety. Arguments: bootstrap servers, vendor URL, requests topic, replies
 * topic, most calls at once. Prints READY; ends when its input closes.
 */
public final class BareLoop {
    private static final MediaType JSON = MediaType.get("application/json");

    private BareLoop() {
    }

    public static void main(String[] args) throws Exception {
        String url = args[1] + "/chat/completions";
        String replies = args[3];
        int atOnce = Integer.parseInt(args[4]);
        Semaphore slots = new Semaphore(atOnce);
        OkHttpClient http = new OkHttpClient.Builder().connectionPool(new ConnectionPool(atOnce, 5, TimeUnit.MINUTES))
                .dispatcher(new Dispatcher()).build();
        Map<String, Object> producing = new HashMap<>(Map.of("bootstrap.servers", args[0], "acks", "all",
                "enable.idempotence", true, "linger.ms", 1, "compression.type", "lz4"));
        Map<String, Object> consuming = new HashMap<>(Map.of("bootstrap.servers", args[0], "group.id", "bare-loop",
                "enable.auto.commit", false, "auto.offset.reset", "earliest", "max.poll.records", 500,
                "partition.assignment.strategy", CooperativeStickyAssignor.class.getName()));
        Thread.ofPlatform().daemon().start(() -> endWithInput());
        try (var producer = new KafkaProducer<>(producing, new ByteArraySerializer(), new ByteArraySerializer());
                var consumer = new KafkaConsumer<>(consuming, new ByteArrayDeserializer(),
                        new ByteArrayDeserializer())) {
            consumer.subscribe(List.of(args[2]));
            while (consumer.assignment().isEmpty()) {
                consumer.poll(Duration.ofMillis(50));
            }
            System.out.println("READY");
            long committed = System.nanoTime();
            while (true) {
                for (var record : consumer.poll(Duration.ofMillis(50))) {
                    slots.acquireUninterruptibly();
                    Thread.startVirtualThread(() -> {
                        try {
                            byte[] answer = call(http, url, record.value());
                            var _ = producer.send(new ProducerRecord<>(replies, record.key(), answer));
                        } catch (IOException e) {
                            e.printStackTrace();
                        } finally {
                            slots.release();
                        }
                    });
                }
                if (System.nanoTime() - committed > 200_000_000) {
                    consumer.commitAsync();
                    committed = System.nanoTime();
                }
            }
        }
    }

    private static byte[] call(OkHttpClient http, String url, byte[] body) throws IOException {
        Request request = new Request.Builder().url(url).post(RequestBody.create(body, JSON)).build();
        try (Response response = http.newCall(request).execute()) {
            return response.body().bytes();
        }
    }

    static void endWithInput() {
        try {
            while (System.in.read() >= 0) {
                continue;
            }
        } catch (IOException e) {
            e.printStackTrace();
        }
        System.exit(0);
    }
}
