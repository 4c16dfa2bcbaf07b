package dev.signalbox.workers;

import static org.assertj.core.api.Assertions.assertThat;

import dev.signalbox.schemas.avro.LlmReply;
import dev.signalbox.schemas.avro.ReplyError;
import dev.signalbox.schemas.avro.ReplyStatus;
import dev.signalbox.schemas.avro.ReplyTimings;
import dev.signalbox.schemas.avro.RequestState;
import dev.signalbox.schemas.avro.RequestStatus;
import dev.signalbox.schemas.avro.StreamPolicy;
import dev.signalbox.workers.intake.InboundRequest;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

@Tag("issue-5")
@Tag("issue-7")
class RequestEndingsTest {
    private final List<RequestStatus> told = new ArrayList<>();
    private final AtomicLong now = new AtomicLong();
    private final RequestEndings endings = new RequestEndings(told::add, "test", new WorkerIdentity("worker-1", 7),
            now::get);

    @ParameterizedTest
    @CsvSource({"COMPLETED,,false", "FAILED,OVERLOADED,false", "FAILED,NO_CAPACITY,false", "EXPIRED,EXPIRED,false",
            "SHED,SHED,false", "FAILED,INVALID_REQUEST,true", "FAILED,CONTEXT_LENGTH,true",
            "REJECTED,BUDGET_USED_UP,true", "CANCELLED,CANCELLED,true"})
    void whatCallersSpoiltIsToldApart(ReplyStatus status, String code, boolean callersFault) {
        endings.tell(request(), reply(status, code));

        assertThat(told).singleElement().satisfies(record -> {
            assertThat(record.getState()).isEqualTo(RequestState.ENDED);
            assertThat(record.getStatus()).isEqualTo(status.name());
            assertThat(record.getErrorCode()).isEqualTo(code);
            assertThat(record.getCallersFault()).isEqualTo(callersFault);
        });
    }

    @Test
    void whereToLookIsToldWithTheEndAndOfOneThatRuns() {
        now.set(10_000);
        endings.running(request());
        endings.tell(request(), reply(ReplyStatus.COMPLETED, null));

        assertThat(told).extracting(RequestStatus::getState).containsExactly(RequestState.RUNNING, RequestState.ENDED);
        assertThat(told).extracting(RequestStatus::getStartedMillis).containsExactly(8_000L, 5L);
        assertThat(told).allSatisfy(record -> {
            assertThat(record.getRequestTopic()).isEqualTo(TestRequests.LANE.requestTopic());
            assertThat(record.getRequestOffset()).isEqualTo(42);
            assertThat(record.getFirstEnqueuedMillis()).isZero();
        });
    }

    @Test
    void anAnswerIsLateFromTheEndOfItsTimeOn() {
        InboundRequest request = request();
        now.set(request.expiresAtMillis());
        endings.tell(request, reply(ReplyStatus.COMPLETED, null));
        now.incrementAndGet();
        endings.tell(request, reply(ReplyStatus.COMPLETED, null));

        assertThat(told).extracting(RequestStatus::getLate).containsExactly(false, true);
    }

    private static InboundRequest request() {
        return TestRequests.request("r-1", false, StreamPolicy.RESTART, 1_000);
    }

    private static LlmReply reply(ReplyStatus status, @Nullable String code) {
        LlmReply reply = new LlmReply();
        reply.setStatus(status);
        reply.setTimings(new ReplyTimings(5L, null, 9L));
        reply.setError(code == null ? null : new ReplyError(code, "why", false, null, null));
        return reply;
    }
}
