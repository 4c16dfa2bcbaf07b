package dev.signalbox.dispatcher.alerts;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.signalbox.schemas.avro.Alert;
import java.time.Instant;
import java.util.List;
import java.util.Locale;

/** Alerts as receivers want them. */
final class AlertJson {
    private static final ObjectMapper MAPPER = new ObjectMapper();

    /** @param endsMillis when it is over unless it is told again */
    record Timed(Alert alert, long endsMillis) {
    }

    private AlertJson() {
    }

    /** One object; times in ISO 8601. */
    static byte[] webhook(Alert alert) {
        ObjectNode json = MAPPER.createObjectNode().put("key", alert.getKey()).put("name", alert.getName())
                .put("severity", severity(alert)).put("status", alert.getStatus().name().toLowerCase(Locale.ROOT))
                .put("environment", alert.getEnvironment()).put("where", alert.getWhere()).put("what", alert.getWhat())
                .put("cure", alert.getCure()).put("since", time(alert.getSinceMillis()));
        Long resolved = alert.getResolvedMillis();
        if (resolved != null) {
            json.put("resolved", time(resolved));
        }
        return bytes(json);
    }

    /** What {@code POST /api/v2/alerts} takes: labels are an alert's identity there. */
    static byte[] alertmanager(List<Timed> alerts) {
        ArrayNode all = MAPPER.createArrayNode();
        for (Timed timed : alerts) {
            Alert alert = timed.alert();
            ObjectNode json = all.addObject();
            json.putObject("labels").put("alertname", alert.getName()).put("severity", severity(alert))
                    .put("where", alert.getWhere()).put("environment", alert.getEnvironment())
                    .put("service", "signalbox");
            json.putObject("annotations").put("summary", alert.getWhat()).put("cure", alert.getCure());
            json.put("startsAt", time(alert.getSinceMillis())).put("endsAt", time(timed.endsMillis()));
        }
        return bytes(all);
    }

    private static String severity(Alert alert) {
        return alert.getSeverity().name().toLowerCase(Locale.ROOT);
    }

    private static String time(long millis) {
        return Instant.ofEpochMilli(millis).toString();
    }

    private static byte[] bytes(JsonNode json) {
        try {
            return MAPPER.writeValueAsBytes(json);
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("a tree of plain values", e);
        }
    }
}
