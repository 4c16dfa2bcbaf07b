package dev.signalbox.system;

import dev.signalbox.embedded.CompatibilityLevel;
import dev.signalbox.embedded.EmbeddedOptions;
import dev.signalbox.embedded.EmbeddedRegistry;
import dev.signalbox.embedded.EmbeddedStack;
import dev.signalbox.embedded.EmbeddedStartException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import org.junit.jupiter.api.Assumptions;
import org.testcontainers.DockerClientFactory;
import org.testcontainers.kafka.KafkaContainer;
import org.testcontainers.utility.DockerImageName;

/**
 * The Kafka and the registry that an {@link Installation} works with: the embedded ones, or with
 * {@code -Dsignalbox.test.kafka=container} Kafka in a container of {@code SIGNALBOX_KAFKA_IMAGE}, and the embedded registry
 * over it. Where there is no Docker, what asked for a container is skipped, aloud.
 */
sealed interface KafkaUnderTest extends AutoCloseable {
    String bootstrapServers();

    String registryUrl();

    @Override
    void close();

    static KafkaUnderTest start(Path folder) throws EmbeddedStartException {
        return System.getProperty("signalbox.test.kafka", "embedded").equals("container")
                ? Contained.start()
                : new Embedded(EmbeddedStack.start(folder, EmbeddedOptions.defaults()));
    }

    record Embedded(EmbeddedStack stack) implements KafkaUnderTest {
        @Override
        public String bootstrapServers() {
            return stack.bootstrapServers();
        }

        @Override
        public String registryUrl() {
            return stack.registryUrl();
        }

        @Override
        public void close() {
            stack.close();
        }
    }

    record Contained(KafkaContainer kafka, EmbeddedRegistry registry) implements KafkaUnderTest {
        private static final String DEFAULT_IMAGE = "apache/kafka:4.3.1";

        private static Contained start() throws EmbeddedStartException {
            if (!DockerClientFactory.instance().isDockerAvailable()) {
                System.out.println("SKIPPED: no Docker here, so nothing runs against Kafka in a container");
                Assumptions.abort("no Docker here");
            }
            String image = System.getenv().getOrDefault("SIGNALBOX_KAFKA_IMAGE", DEFAULT_IMAGE);
            System.out.println("Kafka of image " + image + " in a container");
            KafkaContainer kafka = new KafkaContainer(
                    DockerImageName.parse(image).asCompatibleSubstituteFor("apache/kafka"))
                    .withEnv("KAFKA_AUTO_CREATE_TOPICS_ENABLE", "false")
                    .withStartupTimeout(Duration.ofMinutes(2));
            try {
                kafka.start();
                return new Contained(kafka, EmbeddedRegistry.start(0, CompatibilityLevel.FULL_TRANSITIVE,
                        Map.of("bootstrap.servers", kafka.getBootstrapServers())));
            } catch (EmbeddedStartException | RuntimeException e) {
                kafka.close();
                throw e;
            }
        }

        @Override
        public String bootstrapServers() {
            return kafka.getBootstrapServers();
        }

        @Override
        public String registryUrl() {
            return registry.url();
        }

        @Override
        public void close() {
            registry.close();
            kafka.close();
        }
    }
}
