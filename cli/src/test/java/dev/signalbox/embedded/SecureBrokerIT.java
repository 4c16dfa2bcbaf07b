package dev.signalbox.embedded;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.signalbox.cli.CommandConfig;
import dev.signalbox.config.topics.TopicReadiness;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.SaslAuthenticationException;
import org.apache.kafka.common.errors.SslAuthenticationException;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.apache.kafka.common.serialization.StringSerializer;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The properties of {@code --command-config} reach every client: TLS with SASL against a broker that asks for both. */
@Tag("issue-2")
class SecureBrokerIT {
    @TempDir
    private static Path folder;
    private static SecureBroker broker;

    @BeforeAll
    static void startBroker() throws Exception {
        broker = SecureBroker.start(folder);
    }

    @AfterAll
    static void stopBroker() {
        broker.close();
    }

    @Test
    void adminProducerAndConsumerWorkWithTheUsersProperties() throws Exception {
        Map<String, Object> settings = settings(List.of());
        try (Admin admin = Admin.create(settings)) {
            admin.createTopics(List.of(new NewTopic("secure", 1, (short) 1))).all().get(60, TimeUnit.SECONDS);
            TopicReadiness.await(admin, List.of("secure"), Duration.ofSeconds(30));
        }
        try (var producer = new KafkaProducer<>(settings, new StringSerializer(), new StringSerializer())) {
            producer.send(new ProducerRecord<>("secure", "hello")).get(60, TimeUnit.SECONDS);
        }
        try (var consumer = new KafkaConsumer<>(settings, new StringDeserializer(), new StringDeserializer())) {
            consumer.assign(List.of(new TopicPartition("secure", 0)));
            consumer.seekToBeginning(consumer.assignment());
            assertThat(consumer.poll(Duration.ofSeconds(30))).hasSize(1);
        }
    }

    @Test
    void wrongCredentialsAreNamedAsSuch() throws Exception {
        Map<String, Object> settings = settings(
                List.of("sasl.jaas.config=" + SecureBroker.LOGIN + "username=\"alice\" password=\"wrong\";"));
        try (Admin admin = Admin.create(settings)) {
            assertThatThrownBy(() -> admin.listTopics().names().get(60, TimeUnit.SECONDS))
                    .isInstanceOf(ExecutionException.class).hasCauseInstanceOf(SaslAuthenticationException.class)
                    .hasMessageNotContaining("wrong");
        }
    }

    @Test
    void anUntrustedCertificateIsNamedAsSuch() throws Exception {
        Map<String, Object> settings = settings(List.of());
        settings.remove("ssl.truststore.location");
        settings.remove("ssl.truststore.password");
        settings.remove("ssl.truststore.type");
        try (Admin admin = Admin.create(settings)) {
            assertThatThrownBy(() -> admin.listTopics().names().get(60, TimeUnit.SECONDS))
                    .hasCauseInstanceOf(SslAuthenticationException.class);
        }
    }

    private static Map<String, Object> settings(List<String> overrides) throws Exception {
        return new HashMap<>(CommandConfig.read(broker.clientProperties(), overrides)
                .clientProperties(broker.bootstrapServers()));
    }
}
