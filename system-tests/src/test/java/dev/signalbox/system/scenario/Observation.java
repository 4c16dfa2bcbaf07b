package dev.signalbox.system.scenario;

import dev.signalbox.schemas.avro.LlmReply;
import dev.signalbox.schemas.avro.StreamPolicy;
import dev.signalbox.simulator.meter.CallRecord;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.List;
import java.util.Optional;

/**
 * One run of one scenario, from both sides.
 *
 * @param streamed whether the caller wanted tokens
 * @param policy what he wanted of a stream that is cut
 * @param reply what the caller read; empty if nothing came
 * @param shown the text that the reader was left with: the preview, or the reply's body where that replaced it
 * @param elapsed from handing the request to the producer to the reply
 * @param calls what the vendors logged of it, in order of arrival
 * @param callLimit the limit on first byte, first token and gap that was configured
 */
record Observation(Family family, boolean streamed, StreamPolicy policy, Optional<LlmReply> reply, String shown,
        Duration elapsed,
        List<CallRecord> calls, Duration callLimit) {
    Observation {
        calls = List.copyOf(calls);
    }

    /** The answer's text; empty if there is none. */
    String text() {
        ByteBuffer body = reply.map(LlmReply::getBody).orElse(null);
        if (body == null) {
            return "";
        }
        byte[] bytes = new byte[body.remaining()];
        body.duplicate().get(bytes);
        return family.text(bytes);
    }

    /** Calls at the vendor with the fault. */
    List<CallRecord> sick() {
        return calls.stream().filter(call -> call.vendor().equals(Bench.sick(family))).toList();
    }

    /** Calls for the model asked for at the vendor without fault. */
    List<CallRecord> twin() {
        return at(Bench.TWIN);
    }

    /** Calls for another model than the one asked for. */
    List<CallRecord> otherModel() {
        return at(Bench.OTHER);
    }

    private List<CallRecord> at(String kind) {
        return calls.stream().filter(call -> call.model().startsWith(kind)).toList();
    }

    /** Time between the first two calls at the sick vendor; empty if there is no second. */
    Optional<Duration> pause() {
        List<CallRecord> sick = sick();
        return sick.size() < 2
                ? Optional.empty()
                : Optional.of(Duration.ofMillis(sick.get(1).startedMillis() - sick.get(0).startedMillis()));
    }
}
