package dev.signalbox.schemas.serde;

import dev.signalbox.schemas.avro.AttemptEvent;
import dev.signalbox.schemas.avro.LlmReply;
import dev.signalbox.schemas.avro.LlmRequest;
import dev.signalbox.schemas.avro.TokenChunk;

/** The JSON form of the records. */
@SuppressWarnings("DoNotCallSuggester")
public final class JsonRecords {
    /** 16 MiB. */
    public static final int DEFAULT_MAX_BYTES = 16 << 20;

    public JsonRecords() {
        this(DEFAULT_MAX_BYTES);
    }

    /** @param maxBytes largest value that is parsed */
    public JsonRecords(int maxBytes) {
        throw new UnsupportedOperationException("not yet");
    }

    /** @throws InvalidRecordException if it is not one */
    public LlmRequest parseRequest(byte[] json) {
        throw new UnsupportedOperationException("not yet");
    }

    /** @throws InvalidRecordException if it is not one */
    public LlmReply parseReply(byte[] json) {
        throw new UnsupportedOperationException("not yet");
    }

    /** @throws InvalidRecordException if it is not one */
    public TokenChunk parseChunk(byte[] json) {
        throw new UnsupportedOperationException("not yet");
    }

    /** @throws InvalidRecordException if it is not one */
    public AttemptEvent parseAttempt(byte[] json) {
        throw new UnsupportedOperationException("not yet");
    }

    /** @throws InvalidRecordException if its body is not JSON */
    public byte[] write(LlmRequest request) {
        throw new UnsupportedOperationException("not yet");
    }

    /** @throws InvalidRecordException if its body is not JSON */
    public byte[] write(LlmReply reply) {
        throw new UnsupportedOperationException("not yet");
    }

    public byte[] write(TokenChunk chunk) {
        throw new UnsupportedOperationException("not yet");
    }

    public byte[] write(AttemptEvent event) {
        throw new UnsupportedOperationException("not yet");
    }
}
