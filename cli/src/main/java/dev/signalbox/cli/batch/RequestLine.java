package dev.signalbox.cli.batch;

import dev.signalbox.schemas.Priority;
import dev.signalbox.schemas.avro.LlmRequest;
import java.time.Duration;
import java.util.List;

/**
 * The request that a line of a batch file becomes.
 *
 * @param request its id is the line's {@code custom_id}
 */
public record RequestLine(LlmRequest request, Priority priority, Duration timeToLive) {

    /** What reading a line came to. */
    public sealed interface Reading {
    }

    public record Read(RequestLine line) implements Reading {
    }

    public record Wrong(List<Fault> faults) implements Reading {
    }

    /**
     * @param number 1-based, for the faults
     * @param bytes the line without its end
     * @param defaults for what it does not say
     */
    public static Reading of(int number, byte[] bytes, RequestOptions defaults) {
        return switch (LineParser.parse(number, bytes)) {
            case LineParser.Request parsed -> {
                RequestOptions options = parsed.line().options().orElse(defaults);
                yield new Read(new RequestLine(RequestBuilder.build(parsed.line().customId(), parsed.line(), options),
                        RequestBuilder.priority(options), RequestBuilder.timeToLive(options)));
            }
            case LineParser.Refused refused -> new Wrong(refused.faults());
        };
    }
}
