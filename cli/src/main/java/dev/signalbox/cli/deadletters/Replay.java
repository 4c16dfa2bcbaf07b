package dev.signalbox.cli.deadletters;

import dev.signalbox.cli.CommandFailure;
import dev.signalbox.cli.ExitCode;
import dev.signalbox.schemas.Headers;
import dev.signalbox.schemas.Lane;
import dev.signalbox.schemas.avro.LlmRequest;
import dev.signalbox.schemas.serde.DecodedRequest;
import dev.signalbox.schemas.serde.InvalidRecordException;
import dev.signalbox.schemas.serde.JsonRecords;
import dev.signalbox.schemas.serde.RequestCodec;
import dev.signalbox.schemas.serde.ValueForm;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;
import org.apache.kafka.common.header.Header;

/**
 * A new request made of a dead letter. It has an id of its own and says which one it replays, its time to live begins anew,
 * and its answer goes where the first one's was to go.
 *
 * @param headers the original's own, but for those that say how and when it had been sent
 */
public record Replay(Lane lane, LlmRequest request, ValueForm form, List<Header> headers) {
    private static final Pattern LEGAL_ID = Pattern.compile("[!-~]{1,128}");
    /** Of the way that the first record went; of the form, which the producer tells itself; and of a batch run that is over. */
    private static final Set<String> NOT_TAKEN_OVER = Set.of(Headers.HOP, Headers.FIRST_ENQUEUED,
            Headers.DELAY, Headers.PARKED_ROUTE, Headers.LINE, Headers.HISTORY, Headers.STRIKES, Headers.CONTENT_TYPE,
            Headers.BATCH);

    /**
     * As it was.
     *
     * @throws CommandFailure if it is no request, or cannot be read
     */
    public static Replay of(KeptRecord letter, RequestCodec codec, String newId) {
        Lane lane = lane(letter);
        return switch (codec.decode(lane.requestTopic(), letter.recordHeaders(), letter.value())) {
            case DecodedRequest.Valid(LlmRequest request) -> made(letter, lane, request, request.getId(), newId);
            case DecodedRequest.Invalid invalid -> throw cannot(letter,
                    "would be rejected again (" + String.join("; ", invalid.faults()) + ")");
            case DecodedRequest.Unreadable(String reason) -> throw cannot(letter, "cannot be read (" + reason + ")");
        };
    }

    /**
     * As somebody mended it.
     *
     * @param json a request in its JSON form; its id does not count
     * @throws CommandFailure if it is none
     */
    public static Replay edited(KeptRecord letter, byte[] json, RequestCodec codec, String newId) {
        Lane lane = lane(letter);
        try {
            return made(letter, lane, new JsonRecords().parseRequest(json), id(letter, codec), newId);
        } catch (InvalidRecordException e) {
            throw new CommandFailure(ExitCode.USAGE, "what was edited is no request: " + e.getMessage(), e);
        }
    }

    /** What can be read of it, as JSON to be edited; else its bytes, as they are. */
    public static byte[] editable(KeptRecord letter, RequestCodec codec) {
        lane(letter);
        byte[] asTheyAre = letter.value() == null ? new byte[0] : letter.value();
        return readable(letter, codec).map(request -> {
            try {
                return new JsonRecords().write(request);
            } catch (InvalidRecordException itsBody) {
                return asTheyAre;
            }
        }).orElse(asTheyAre);
    }

    private static Optional<LlmRequest> readable(KeptRecord letter, RequestCodec codec) {
        return switch (codec.decode(letter.why().topic(), letter.recordHeaders(), letter.value())) {
            case DecodedRequest.Valid(LlmRequest request) -> Optional.of(request);
            case DecodedRequest.Invalid invalid -> Optional.of(invalid.request());
            case DecodedRequest.Unreadable _ -> Optional.empty();
        };
    }

    private static String id(KeptRecord letter, RequestCodec codec) {
        return readable(letter, codec).map(LlmRequest::getId).or(letter::key).orElse("");
    }

    private static Lane lane(KeptRecord letter) {
        return Lane.ofTopic(letter.why().topic()).filter(lane -> letter.value() != null)
                .orElseThrow(() -> new CommandFailure(ExitCode.USAGE, "dead letter " + letter.place() + " of "
                        + letter.origin() + " (" + letter.why().reason() + ") holds no request"));
    }

    private static CommandFailure cannot(KeptRecord letter, String why) {
        return new CommandFailure(ExitCode.USAGE, "dead letter " + letter.place() + " " + why
                + "; mend it: signalbox dead-letters edit " + letter.place());
    }

    private static Replay made(KeptRecord letter, Lane lane, LlmRequest request, String oldId, String newId) {
        String replayOf = LEGAL_ID.matcher(oldId).matches() ? oldId : "dead-letter-" + letter.place();
        return new Replay(lane, LlmRequest.newBuilder(request).setId(newId).setReplayOf(replayOf).build(),
                ValueForm.of(letter.recordHeaders()).orElse(ValueForm.JSON),
                letter.headers().stream().filter(header -> !NOT_TAKEN_OVER.contains(header.key())).toList());
    }
}
