package dev.signalbox.system.processes;

import static org.assertj.core.api.Assertions.assertThat;

import dev.signalbox.schemas.DeadLetter;
import dev.signalbox.schemas.Topics;
import dev.signalbox.schemas.avro.LlmReply;
import dev.signalbox.schemas.avro.ReplyStatus;
import dev.signalbox.schemas.client.ReplyReaderOptions;
import dev.signalbox.simulator.profile.ModelProfile;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A worker process that dies whenever it serves one request: the request is put aside, and all others are answered. */
@Tag("issue-7")
@Tag("long")
class QuarantineIT {
    private static final String POISON = "poison";
    private static final int OTHERS = 60;
    private static final int MOST_DEATHS = 8;

    @Test
    void aRequestThatKillsItsWorkerIsQuarantinedAndNoOther(@TempDir Path folder) throws Exception {
        try (Fleet fleet = Fleet.start(folder, 1, 1, ModelProfile.paced(20, 100));
                Traffic traffic = new Traffic(fleet.callerProperties(), ReplyReaderOptions.latest())) {
            for (int i = 0; i < OTHERS; i++) {
                traffic.ask(Traffic.request("good-" + i, i % 2 == 0));
                if (i == OTHERS / 2) {
                    traffic.ask(Traffic.request(POISON, true));
                }
            }
            int deaths = deathsOf(fleet, traffic);
            for (int i = 0; i < OTHERS; i++) {
                assertThat(traffic.reply("good-" + i).get(90, TimeUnit.SECONDS).getStatus()).as("good-%d", i)
                        .isEqualTo(ReplyStatus.COMPLETED);
            }
            List<DeadLetter> letters = deadLetters(fleet.callerProperties());
            assertThat(letters).singleElement().extracting(DeadLetter::reason).isEqualTo("QUARANTINED");
            System.out.printf(Locale.ROOT, "quarantined after %d deaths of a worker with %d other requests%n", deaths,
                    OTHERS);
        }
    }

    /** Nobody knows of whom a worker with many requests died; of one with a single request everybody does. */
    @Test
    void aRequestThatIsAllItsWorkerRunsIsQuarantinedAfterTwoDeaths(@TempDir Path folder) throws Exception {
        try (Fleet fleet = Fleet.start(folder, 1, 1, ModelProfile.paced(20, 100));
                Traffic traffic = new Traffic(fleet.callerProperties(), ReplyReaderOptions.latest())) {
            traffic.ask(Traffic.request(POISON, true));
            assertThat(deathsOf(fleet, traffic)).isEqualTo(2);
            traffic.ask(Traffic.request("good", true));
            assertThat(traffic.reply("good").get(90, TimeUnit.SECONDS).getStatus()).isEqualTo(ReplyStatus.COMPLETED);
        }
    }

    /** Workers that died of the request, one at each call of it, until its caller is told. */
    private static int deathsOf(Fleet fleet, Traffic traffic) throws Exception {
        int deaths = 0;
        for (; !traffic.reply(POISON).isDone(); LockSupport.parkNanos(2_000_000)) {
            long calls = fleet.vendors().calls().stream().filter(call -> call.requestId().equals(POISON)).count();
            if (calls > deaths) {
                fleet.workers().getFirst().process().kill();
                deaths = (int) calls;
                assertThat(deaths).isLessThanOrEqualTo(MOST_DEATHS);
                fleet.replace(0);
            }
        }
        LlmReply reply = traffic.reply(POISON).get();
        assertThat(reply.getStatus()).isEqualTo(ReplyStatus.REJECTED);
        assertThat(reply.getError().getCode()).isEqualTo("QUARANTINED");
        return deaths;
    }

    private static List<DeadLetter> deadLetters(Map<String, Object> properties) {
        try (var consumer = new KafkaConsumer<>(properties, new ByteArrayDeserializer(), new ByteArrayDeserializer())) {
            List<TopicPartition> partitions = consumer.partitionsFor(Topics.DEAD_LETTERS).stream()
                    .map(info -> new TopicPartition(info.topic(), info.partition())).toList();
            consumer.assign(partitions);
            consumer.seekToBeginning(partitions);
            List<DeadLetter> letters = new ArrayList<>();
            Map<TopicPartition, Long> ends = consumer.endOffsets(partitions);
            while (partitions.stream().anyMatch(each -> consumer.position(each) < ends.getOrDefault(each, 0L))) {
                consumer.poll(Duration.ofMillis(100))
                        .forEach(record -> letters.add(DeadLetter.of(record.headers()).orElseThrow()));
            }
            return letters;
        }
    }
}
