package dev.signalbox.workers;

import static org.assertj.core.api.Assertions.assertThat;

import dev.signalbox.config.DeploymentName;
import dev.signalbox.schemas.Topics;
import dev.signalbox.schemas.avro.StreamPolicy;
import dev.signalbox.workers.intake.InboundRequest;
import dev.signalbox.workers.intake.RequestSink;
import dev.signalbox.workers.reply.ReplyRoom;
import dev.signalbox.workers.reply.TestPublishers;
import dev.signalbox.workers.scheduler.RequestTask;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CopyOnWriteArrayList;
import org.apache.kafka.common.TopicPartition;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

@Tag("issue-4")
class RoomFirstTest {
    private static final RequestTask.Step LATER = new RequestTask.Step.Again(Duration.ofSeconds(1));

    private final List<InboundRequest> offered = new CopyOnWriteArrayList<>();
    private final List<String> path = new ArrayList<>();
    private final ReplyRoom room = TestPublishers.full(Topics.REPLIES, new RequestSink() {
        @Override
        public void offer(InboundRequest request) {
            offered.add(request);
        }

        @Override
        public void forget(TopicPartition partition, int epoch) {
        }
    });

    @Test
    void withoutRoomItLosesItsTurnUntouchedAndIsOfferedAgain() {
        RoomFirst task = task(1_000, 0);
        assertThat(task.ask()).isEqualTo(RequestTask.Readiness.READY);
        assertThat(task.run()).isEqualTo(RequestTask.Step.ENDED);
        assertThat(path).as("no permit, no call").isEmpty();
        assertThat(room.waiting()).isEqualTo(1);
        assertThat(offered).isEmpty();

        TestPublishers.empty(room, Topics.REPLIES);
        Awaitility.await().until(() -> offered.equals(List.of(task.request())));
    }

    @Test
    void roomThatComesBetweenAskedAndRunLetsItGoOn() {
        RoomFirst task = task(1_000, 0);
        task.ask();
        TestPublishers.empty(room, Topics.REPLIES);
        assertThat(task.run()).isEqualTo(new RequestTask.Step.Again(Duration.ZERO));
        assertThat(path).isEmpty();
        task.ask();
        assertThat(task.run()).isEqualTo(LATER);
        assertThat(path).containsExactly("asked", "run");
    }

    @Test
    void whatIsLongOverGoesOnThoughTheTopicIsFull() {
        RoomFirst task = task(1_000, 1_001);
        task.ask();
        assertThat(task.run()).isEqualTo(new RequestTask.Step.Again(Duration.ZERO));
        task.ask();
        assertThat(task.run()).isEqualTo(LATER);
        assertThat(path).containsExactly("asked", "run");
    }

    @Test
    void onceBegunItIsNotHeldUp() {
        TestPublishers.empty(room, Topics.REPLIES);
        RoomFirst task = task(1_000, 0);
        task.ask();
        task.run();
        TestPublishers.fill(room, Topics.REPLIES);
        assertThat(room.isFull(task.request())).isTrue();
        task.ask();
        task.run();
        task.forgotten();
        assertThat(path).containsExactly("asked", "run", "asked", "run", "forgotten");
    }

    private RoomFirst task(long expiresAtMillis, long overMillis) {
        return new RoomFirst(new Path(TestRequests.request("r", false, StreamPolicy.RESTART, expiresAtMillis)), room,
                () -> overMillis);
    }

    private final class Path implements RequestTask {
        private final InboundRequest request;

        Path(InboundRequest request) {
            this.request = request;
        }

        @Override
        public InboundRequest request() {
            return request;
        }

        @Override
        public String route() {
            return "r";
        }

        @Override
        public Set<DeploymentName> deployments() {
            return Set.of();
        }

        @Override
        public Readiness ask() {
            path.add("asked");
            return Readiness.READY;
        }

        @Override
        public Step run() {
            path.add("run");
            return LATER;
        }

        @Override
        public void forgotten() {
            path.add("forgotten");
        }
    }
}
