package dev.signalbox.cli.batch;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import dev.signalbox.schemas.avro.BodyFormat;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;

/** How a vendor family's batch interface writes results: one line each, ours are the same. */
enum ResultForm {
    /** OpenAI's Batch output and error files. */
    OPENAI {
        @Override
        void answered(OutputStream out, String customId, String requestId, byte[] body) throws IOException {
            write(out, "{\"id\":\"batch_req_" + requestId + "\",\"custom_id\":");
            out.write(quoted(customId));
            write(out, ",\"response\":{\"status_code\":200,\"request_id\":");
            out.write(quoted(requestId));
            write(out, ",\"body\":");
            out.write(onOneLine(body));
            write(out, "},\"error\":null}\n");
        }

        @Override
        void failed(JsonGenerator json, String customId, String requestId, String code, String message)
                throws IOException {
            json.writeStringField("id", "batch_req_" + requestId);
            json.writeStringField("custom_id", customId);
            json.writeNullField("response");
            json.writeObjectFieldStart("error");
            json.writeStringField("code", code);
            json.writeStringField("message", message);
            json.writeEndObject();
        }
    },

    /** The results of Anthropic's Message Batches: succeeded, errored, expired or canceled. */
    ANTHROPIC {
        @Override
        void answered(OutputStream out, String customId, String requestId, byte[] body) throws IOException {
            write(out, "{\"custom_id\":");
            out.write(quoted(customId));
            write(out, ",\"result\":{\"type\":\"succeeded\",\"message\":");
            out.write(onOneLine(body));
            write(out, "}}\n");
        }

        @Override
        void failed(JsonGenerator json, String customId, String requestId, String code, String message)
                throws IOException {
            json.writeStringField("custom_id", customId);
            json.writeObjectFieldStart("result");
            switch (code) {
                case "EXPIRED" -> json.writeStringField("type", "expired");
                case "CANCELLED" -> json.writeStringField("type", "canceled");
                default -> {
                    json.writeStringField("type", "errored");
                    json.writeObjectFieldStart("error");
                    json.writeStringField("type", "error");
                    json.writeObjectFieldStart("error");
                    json.writeStringField("type", errorType(code));
                    json.writeStringField("message", code + ": " + message);
                    json.writeEndObject();
                    json.writeStringField("request_id", requestId);
                    json.writeEndObject();
                }
            }
            json.writeEndObject();
        }
    };

    private static final JsonFactory JSON = JsonFactory.builder().build();

    static ResultForm of(BodyFormat format) {
        return format == BodyFormat.ANTHROPIC_MESSAGES ? ANTHROPIC : OPENAI;
    }

    /** @param body the whole answer's JSON; written as it is, on one line */
    abstract void answered(OutputStream out, String customId, String requestId, byte[] body) throws IOException;

    abstract void failed(JsonGenerator json, String customId, String requestId, String code, String message)
            throws IOException;

    /**
     * @param code stable upper-case reason
     * @param retries how often the line had been retried when it failed; a remark of ours where it is not 0
     */
    void failed(OutputStream out, String customId, String requestId, String code, String message, int retries)
            throws IOException {
        try (JsonGenerator json = JSON.createGenerator(out).disable(JsonGenerator.Feature.AUTO_CLOSE_TARGET)
                .disable(JsonGenerator.Feature.FLUSH_PASSED_TO_STREAM)) {
            json.writeStartObject();
            failed(json, customId, requestId, code, message);
            if (retries > 0) {
                json.writeObjectFieldStart(JournalContents.REMARKS);
                json.writeNumberField(JournalContents.RETRIES, retries);
                json.writeEndObject();
            }
            json.writeEndObject();
        }
        out.write('\n');
    }

    /** The nearest of Anthropic's own error types; the code itself stands in the message. */
    private static String errorType(String code) {
        return switch (code) {
            case "INVALID_REQUEST", "CONTEXT_LENGTH", "CONTENT_FILTER" -> "invalid_request_error";
            case "PAYLOAD_TOO_LARGE" -> "request_too_large";
            case "OVERLOADED" -> "overloaded_error";
            case "TIMEOUT" -> "timeout_error";
            default -> "api_error";
        };
    }

    private static void write(OutputStream out, String text) throws IOException {
        out.write(text.getBytes(StandardCharsets.UTF_8));
    }

    private static byte[] quoted(String text) {
        char[] escaped = com.fasterxml.jackson.core.io.JsonStringEncoder.getInstance().quoteAsString(text);
        return ("\"" + new String(escaped) + "\"").getBytes(StandardCharsets.UTF_8);
    }

    /** JSON has no raw line ends inside strings, so that each one in it is white space. */
    private static byte[] onOneLine(byte[] body) {
        byte[] line = body.clone();
        for (int i = 0; i < line.length; i++) {
            if (line[i] == '\n' || line[i] == '\r') {
                line[i] = ' ';
            }
        }
        return line;
    }
}
