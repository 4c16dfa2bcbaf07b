package dev.signalbox.system.processes;

import static org.assertj.core.api.Assertions.assertThat;

import dev.signalbox.schemas.Topics;
import dev.signalbox.schemas.client.PreparedRequest;
import dev.signalbox.schemas.client.ReplyReaderOptions;
import dev.signalbox.simulator.SimulatorOptions;
import dev.signalbox.simulator.profile.ModelProfile;
import dev.signalbox.simulator.profile.VendorProfile;
import dev.signalbox.system.Installation;
import dev.signalbox.system.guarantee.EveryRequestEndsOnce;
import dev.signalbox.system.guarantee.Guarantees;
import dev.signalbox.system.guarantee.NoMixedAttempts;
import dev.signalbox.system.guarantee.NothingLost;
import dev.signalbox.system.guarantee.TopicReplay;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.ExecutionException;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** K04's other half: requests that are delivered twice for reasons that no ledger knows of. */
@Tag("issue-4")
class DeliveredAgainIT {
    private static final int REQUESTS = 20;

    @Test
    void aDeletedGroupAndOneIdInTwoPartitionsEndEachRequestOnce(@TempDir Path folder) throws Exception {
        try (Installation installation = Installation.start(folder,
                SimulatorOptions.of(VendorProfile.of("steady", ModelProfile.paced(20, 5))), simulator -> """
                        environment: test
                        vendors:
                          steady: { family: openai, base_url: "%s" }
                        deployments:
                          steady/paced: { vendor: steady, model_id: paced }
                        pools:
                          main: { use_cases: [otherwise], priorities: [standard] }
                        routes:
                          paced: { test: { otherwise: { sequence: [steady] } } }
                        topics: { partitions: 4 }
                        """.formatted(simulator.baseUrl("steady")));
                Traffic traffic = new Traffic(installation.callerProperties(), ReplyReaderOptions.latest())) {
            Guarantees guarantees = new Guarantees(
                    List.of(new NothingLost(), new EveryRequestEndsOnce(), new NoMixedAttempts()));
            TopicReplay topics = new TopicReplay(installation.callerProperties(), Fleet.LANE, List.of(Topics.REPLIES));
            try (var raw = new KafkaProducer<>(installation.clientProperties(), new ByteArraySerializer(),
                    new ByteArraySerializer())) {
                for (int i = 0; i < REQUESTS; i++) {
                    PreparedRequest once = traffic.ask(Traffic.request("twice-" + i, i % 2 == 0));
                    raw.send(new ProducerRecord<>(once.topic(), (once.partition() + 1) % 4,
                            once.requestId().getBytes(StandardCharsets.UTF_8), once.value())).get();
                }
            }
            assertThat(traffic.shortfalls(FleetIT.ANSWER, Duration.ofSeconds(60))).isEmpty();
            awaitCalls(installation, 2 * REQUESTS);
            installation.restartWorker(() -> deleteGroup(installation));
            awaitCalls(installation, 4 * REQUESTS);
            topics.tell(guarantees);
            traffic.takeShown().forEach(guarantees::saw);
            assertThat(guarantees.violations()).isEmpty();
        }
    }

    private static void awaitCalls(Installation installation, int calls) {
        Awaitility.await().atMost(Duration.ofSeconds(60))
                .until(() -> installation.simulator().calls().size() == calls
                        && installation.worker().intake().get(Fleet.LANE).pendingRecords() == 0);
    }

    private static void deleteGroup(Installation installation) {
        try (Admin admin = Admin.create(installation.clientProperties())) {
            admin.deleteConsumerGroups(List.of(Fleet.LANE.consumerGroup())).all().get();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } catch (ExecutionException e) {
            throw new IllegalStateException(e);
        }
    }
}
