package dev.signalbox.embedded;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import java.util.List;

/**
 * What a request to the registry comes to.
 *
 * @param status HTTP status
 * @param body of the answer
 * @param records to append before the answer is given; empty for a read, or when nothing changes
 */
record RegistryDecision(int status, JsonNode body, List<RegistryRecord> records) {
    static RegistryDecision answer(JsonNode body) {
        return new RegistryDecision(200, body, List.of());
    }

    static RegistryDecision change(JsonNode body, List<RegistryRecord> records) {
        return new RegistryDecision(200, body, List.copyOf(records));
    }

    /** @param code Confluent's error code; its first three digits are the HTTP status */
    static RegistryDecision error(int code, String message) {
        int status = code < 1000 ? code : code / 100;
        return new RegistryDecision(status,
                JsonNodeFactory.instance.objectNode().put("error_code", code).put("message", message), List.of());
    }
}
