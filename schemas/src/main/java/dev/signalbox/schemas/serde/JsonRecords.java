package dev.signalbox.schemas.serde;

import com.fasterxml.jackson.core.JsonFactory;
import dev.signalbox.schemas.avro.Alert;
import dev.signalbox.schemas.avro.AttemptEvent;
import dev.signalbox.schemas.avro.BudgetRecord;
import dev.signalbox.schemas.avro.ConfigurationRecord;
import dev.signalbox.schemas.avro.DeploymentHealth;
import dev.signalbox.schemas.avro.LlmReply;
import dev.signalbox.schemas.avro.LlmRequest;
import dev.signalbox.schemas.avro.RequestStatus;
import dev.signalbox.schemas.avro.RouteStanding;
import dev.signalbox.schemas.avro.TokenChunk;
import dev.signalbox.schemas.avro.UsageRollup;
import org.apache.avro.Schema;
import org.apache.avro.specific.SpecificRecord;

/**
 * The JSON form of the records; {@code docs/replies.md} shows it. One object whose keys are the Avro fields; what is null
 * is left out; enums as their symbols (read in any case); money as a plain number; a body as the embedded object itself,
 * byte for byte as it came or goes. Unknown and repeated keys are refused. Thread-safe.
 */
public final class JsonRecords {
    /** 16 MiB. */
    public static final int DEFAULT_MAX_BYTES = 16 << 20;

    private final int maxBytes;
    private final JsonFactory factory;

    public JsonRecords() {
        this(DEFAULT_MAX_BYTES);
    }

    /** @param maxBytes largest value that is parsed */
    public JsonRecords(int maxBytes) {
        this.maxBytes = maxBytes;
        // One level more than a body may have: the record around it.
        this.factory = JsonScan.factory(maxBytes, JsonScan.MAX_DEPTH + 1);
    }

    /** @throws InvalidRecordException if it is not one */
    public LlmRequest parseRequest(byte[] json) {
        return parse(json, LlmRequest.getClassSchema(), LlmRequest.class);
    }

    /** @throws InvalidRecordException if it is not one */
    public LlmReply parseReply(byte[] json) {
        return parse(json, LlmReply.getClassSchema(), LlmReply.class);
    }

    /** @throws InvalidRecordException if it is not one */
    public TokenChunk parseChunk(byte[] json) {
        return parse(json, TokenChunk.getClassSchema(), TokenChunk.class);
    }

    /** @throws InvalidRecordException if it is not one */
    public AttemptEvent parseAttempt(byte[] json) {
        return parse(json, AttemptEvent.getClassSchema(), AttemptEvent.class);
    }

    /** @throws InvalidRecordException if it is not one */
    public ConfigurationRecord parseConfiguration(byte[] json) {
        return parse(json, ConfigurationRecord.getClassSchema(), ConfigurationRecord.class);
    }

    /** @throws InvalidRecordException if its body is not a JSON object */
    public byte[] write(LlmRequest request) {
        return JsonRecordWriter.write(request);
    }

    /** @throws InvalidRecordException if its body is not a JSON object */
    public byte[] write(LlmReply reply) {
        return JsonRecordWriter.write(reply);
    }

    public byte[] write(TokenChunk chunk) {
        return JsonRecordWriter.write(chunk);
    }

    public byte[] write(AttemptEvent event) {
        return JsonRecordWriter.write(event);
    }

    public byte[] write(DeploymentHealth health) {
        return JsonRecordWriter.write(health);
    }

    public byte[] write(RequestStatus status) {
        return JsonRecordWriter.write(status);
    }

    public byte[] write(RouteStanding standing) {
        return JsonRecordWriter.write(standing);
    }

    public byte[] write(ConfigurationRecord configuration) {
        return JsonRecordWriter.write(configuration);
    }

    public byte[] write(Alert alert) {
        return JsonRecordWriter.write(alert);
    }

    public byte[] write(UsageRollup sums) {
        return JsonRecordWriter.write(sums);
    }

    public byte[] write(BudgetRecord budget) {
        return JsonRecordWriter.write(budget);
    }

    private <T extends SpecificRecord> T parse(byte[] json, Schema schema, Class<T> type) {
        if (json.length > maxBytes) {
            throw new InvalidRecordException("has " + json.length + " bytes, more than the limit of " + maxBytes, "", 0,
                    0);
        }
        return type.cast(JsonRecordParser.parse(factory, json, schema));
    }
}
