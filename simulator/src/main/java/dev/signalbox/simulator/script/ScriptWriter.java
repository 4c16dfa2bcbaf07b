package dev.signalbox.simulator.script;

import dev.signalbox.simulator.fault.Fault;
import dev.signalbox.simulator.language.Answer;
import dev.signalbox.simulator.language.ByteWriter;
import dev.signalbox.simulator.language.HttpAnswer;
import dev.signalbox.simulator.language.HttpAnswer.Header;
import dev.signalbox.simulator.language.Rendering;
import dev.signalbox.simulator.language.Rendering.Whole;
import dev.signalbox.simulator.meter.CallOutcome;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.Consumer;
import java.util.function.DoubleSupplier;
import org.jspecify.annotations.Nullable;

/** Writes the script of one call. One use each. */
public final class ScriptWriter {
    private static final long NANOS_PER_MILLI = 1_000_000;
    /** What a reader has to read the last bytes before a reset makes its system forget them. */
    private static final Step.Pause BEFORE_RESET = new Step.Pause(50 * NANOS_PER_MILLI);
    private static final Step.Piece[] PIECES = new Step.Piece[1024];
    static {
        for (int i = 0; i < PIECES.length; i++) {
            PIECES[i] = new Step.Piece(i);
        }
    }

    private final List<Step> steps;
    private final Answer answer;
    private final Rendering rendering;
    private final List<Header> headers;
    private final @Nullable Fault fault;
    private CallOutcome outcome = CallOutcome.COMPLETED;
    private boolean usageWritten;

    /**
     * The times of one answer.
     *
     * @param firstTokenMillis until the first token
     * @param perTokenMillis asked once for each token after the first
     */
    public record Pace(double firstTokenMillis, DoubleSupplier perTokenMillis) {
    }

    private ScriptWriter(Answer answer, Rendering rendering, List<Header> headers, @Nullable Fault fault,
            int expectedSteps) {
        this.answer = answer;
        this.rendering = rendering;
        this.headers = headers;
        this.fault = fault;
        steps = new ArrayList<>(expectedSteps);
    }

    /** An error response, whole. */
    public static Script error(HttpAnswer error, List<Header> headers) {
        List<Header> all = new ArrayList<>(error.headers());
        all.addAll(headers);
        return new Script(List.of(new Step.Head(error.status(), all, error.body().length),
                new Step.Bytes(error.body(), 0), new Step.End()), CallOutcome.ERROR, false);
    }

    /** No response at all: silence, then the end of the connection. */
    public static Script silence(long millis, Fault.Ending ending) {
        return new Script(List.of(new Step.Pause(millis * NANOS_PER_MILLI), new Step.Disconnect(ending)),
                CallOutcome.BROKEN, false);
    }

    /** An answer, or what the fault makes of it. */
    public static Script answer(boolean streamed, Answer answer, Rendering rendering, List<Header> headers, Pace pace,
            @Nullable Fault fault) {
        ScriptWriter writer = new ScriptWriter(answer, rendering, headers, fault,
                streamed ? 2 * answer.tokens() + 8 : 4);
        Pace bent = fault instanceof Fault.Trickle trickle
                ? new Pace(trickle.millisPerToken(), trickle::millisPerToken)
                : pace;
        if (streamed) {
            writer.stream(bent);
        } else {
            writer.unary(bent);
        }
        return new Script(writer.steps, writer.outcome, writer.usageWritten && rendering.tellsUsage());
    }

    private void stream(Pace pace) {
        pause(fault instanceof Fault.LateHeaders late ? late.millis() : 0);
        if (fault instanceof Fault.LateFirstToken late) {
            head("text/event-stream; charset=utf-8", -1);
            pause(late.millis());
        }
        pause(pace.firstTokenMillis());
        if (!(fault instanceof Fault.LateFirstToken)) {
            head("text/event-stream; charset=utf-8", -1);
        }
        bytes(rendering::opening);
        if (fault instanceof Fault.Oversized oversized) {
            bytes(rendering::padding);
            steps.add(new Step.Filler(oversized.bytes()));
            bytes(out -> out.put(Rendering.PADDING_END));
            outcome = CallOutcome.BROKEN;
        }
        for (int i = 0; i < answer.tokens(); i++) {
            if (i > 0) {
                pause(pace.perTokenMillis().getAsDouble());
            }
            if (atToken(i)) {
                return;
            }
            steps.add(i < PIECES.length ? PIECES[i] : new Step.Piece(i));
        }
        if (!atToken(answer.tokens())) {
            streamEnd();
        }
    }

    /** What the fault does before token {@code index}; true if nothing follows it. */
    private boolean atToken(int index) {
        if (fault instanceof Fault.Cut cut && isAt(cut.afterTokens(), index)) {
            disconnect(cut.how());
            return true;
        }
        if (fault instanceof Fault.StreamError error && isAt(error.afterTokens(), index)) {
            bytes(out -> rendering.error(error.kind(), out));
            steps.add(new Step.End());
            outcome = CallOutcome.BROKEN;
            return true;
        }
        if (fault instanceof Fault.Stall stall && isAt(stall.afterTokens(), index)) {
            long left = stall.millis();
            for (; left > stall.pingMillis(); left -= stall.pingMillis()) {
                pause(stall.pingMillis());
                bytes(rendering::ping);
            }
            pause(left);
        }
        if (fault instanceof Fault.Malformed malformed && isAt(malformed.afterTokens(), index)) {
            bytes(rendering::malformed);
            outcome = CallOutcome.BROKEN;
        }
        return false;
    }

    /** A position behind the end of a shorter answer means its end. */
    private boolean isAt(int afterTokens, int index) {
        return index == Math.min(afterTokens, answer.tokens());
    }

    private void streamEnd() {
        bytes(out -> {
            if (!(fault instanceof Fault.NoFinish)) {
                usageWritten = true;
                rendering.finish(reason(), out);
                if (!(fault instanceof Fault.NoEndMarker)) {
                    rendering.endMarker(out);
                }
                if (fault instanceof Fault.GarbageAfterEnd) {
                    rendering.garbage(out);
                }
            }
        });
        steps.add(new Step.End());
        if (fault instanceof Fault.NoFinish || fault instanceof Fault.NoEndMarker
                || fault instanceof Fault.GarbageAfterEnd || fault instanceof Fault.WrongContentType) {
            outcome = CallOutcome.BROKEN;
        }
    }

    private void unary(Pace pace) {
        Whole whole = rendering.whole(reason());
        double millis = pace.firstTokenMillis();
        for (int i = 1; i < answer.tokens(); i++) {
            millis += pace.perTokenMillis().getAsDouble();
        }
        pause(fault instanceof Fault.LateHeaders late ? late.millis() : 0);
        if (fault instanceof Fault.LateFirstToken late) {
            head("application/json", whole.bytes().length);
            pause(late.millis());
            pause(millis);
            body(whole, 0, whole.bytes().length, answer.tokens());
            steps.add(new Step.End());
            return;
        }
        pause(millis);
        switch (fault) {
            case Fault.Cut cut -> {
                part(whole, cut.afterTokens(), whole.bytes().length);
                disconnect(cut.how());
            }
            case Fault.Stall stall -> {
                int end = part(whole, stall.afterTokens(), whole.bytes().length);
                pause(stall.millis());
                body(whole, end, whole.bytes().length,
                        answer.tokens() - Math.min(stall.afterTokens(), answer.tokens()));
                steps.add(new Step.End());
            }
            case Fault.Malformed malformed -> {
                part(whole, malformed.afterTokens(), -1);
                steps.add(new Step.End());
                outcome = CallOutcome.BROKEN;
            }
            case Fault.Oversized oversized -> {
                head("application/json", whole.bytes().length + oversized.bytes());
                body(whole, 0, whole.answerStart(), 0);
                steps.add(new Step.Filler(oversized.bytes()));
                body(whole, whole.answerStart(), whole.bytes().length, answer.tokens());
                steps.add(new Step.End());
                outcome = CallOutcome.BROKEN;
            }
            case null, default -> {
                head("application/json", whole.bytes().length);
                body(whole, 0, whole.bytes().length, answer.tokens());
                if (fault instanceof Fault.GarbageAfterEnd) {
                    bytes(rendering::garbage);
                    outcome = CallOutcome.BROKEN;
                } else if (fault instanceof Fault.WrongContentType) {
                    outcome = CallOutcome.BROKEN;
                }
                steps.add(new Step.End());
            }
        }
    }

    /** Head and the body up to the end of that token; a negative length stands for just what is sent. */
    private int part(Whole whole, int afterTokens, long statedLength) {
        int tokens = Math.min(afterTokens, answer.tokens());
        int end = whole.answerStart() + rendering.lengthOf(tokens);
        head("application/json", statedLength < 0 ? end : statedLength);
        body(whole, 0, end, tokens);
        return end;
    }

    private void disconnect(Fault.Ending how) {
        if (how == Fault.Ending.RST) {
            steps.add(BEFORE_RESET);
        }
        steps.add(new Step.Disconnect(how));
        outcome = CallOutcome.BROKEN;
    }

    private String reason() {
        return fault instanceof Fault.Finish finish
                ? rendering.reason(finish.reason())
                : rendering.reason(answer.finish());
    }

    private void head(String contentType, long length) {
        List<Header> all = new ArrayList<>(headers.size() + 1);
        all.add(new Header("content-type",
                fault instanceof Fault.WrongContentType wrong ? wrong.contentType() : contentType));
        all.addAll(headers);
        if (fault instanceof Fault.RetryHint hint) {
            all.add(new Header("retry-after", Long.toString(Math.ceilDiv(hint.millis(), 1000))));
        }
        steps.add(new Step.Head(200, all, length));
    }

    private void body(Whole whole, int from, int to, int tokens) {
        usageWritten |= to == whole.bytes().length;
        byte[] bytes = from == 0 && to == whole.bytes().length
                ? whole.bytes()
                : Arrays.copyOfRange(whole.bytes(), from, to);
        steps.add(new Step.Bytes(bytes, tokens));
    }

    private void bytes(Consumer<ByteWriter> content) {
        ByteWriter out = new ByteWriter(1024);
        content.accept(out);
        if (out.length() > 0) {
            steps.add(new Step.Bytes(out.toBytes(), 0));
        }
    }

    private void pause(long millis) {
        pause((double) millis);
    }

    private void pause(double millis) {
        if (millis > 0) {
            steps.add(new Step.Pause(Math.round(millis * NANOS_PER_MILLI)));
        }
    }
}
