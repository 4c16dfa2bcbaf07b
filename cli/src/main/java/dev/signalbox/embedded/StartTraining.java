package dev.signalbox.embedded;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;

/**
 * Starts and stops an embedded stack once, with one record through it, so that Java can record which classes a start
 * needs ({@code -XX:AOTCacheOutput}). The launcher runs it after a build; it is no command of the user's.
 */
public final class StartTraining {
    private StartTraining() {
    }

    /** @param args one: a folder to work in, which is removed afterwards */
    public static void main(String[] args) throws Exception {
        Path folder = Files.createTempDirectory(Path.of(args[0]), "training");
        try (EmbeddedStack stack = EmbeddedStack.start(folder, EmbeddedOptions.defaults())) {
            sendAndRead(Map.of("bootstrap.servers", stack.bootstrapServers(), "group.id", "training",
                    "auto.offset.reset", "earliest"));
        } finally {
            remove(folder);
        }
    }

    private static void sendAndRead(Map<String, Object> settings) throws Exception {
        try (Admin admin = Admin.create(settings);
                var producer = new KafkaProducer<>(settings, new ByteArraySerializer(), new ByteArraySerializer());
                var consumer = new KafkaConsumer<>(settings, new ByteArrayDeserializer(),
                        new ByteArrayDeserializer())) {
            admin.createTopics(List.of(new NewTopic("training", 1, (short) 1))).all().get();
            admin.listTopics().names().get();
            byte[] value = "training".getBytes(StandardCharsets.UTF_8);
            producer.send(new ProducerRecord<>("training", value)).get();
            consumer.subscribe(List.of("training"));
            for (int i = 0; i < 50 && consumer.poll(Duration.ofMillis(100)).isEmpty(); i++) {
                consumer.assignment();
            }
            consumer.commitSync();
        }
    }

    private static void remove(Path folder) throws IOException {
        try (Stream<Path> files = Files.walk(folder)) {
            for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
                Files.delete(file);
            }
        }
    }
}
