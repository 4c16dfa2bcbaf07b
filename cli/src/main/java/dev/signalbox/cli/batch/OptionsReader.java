package dev.signalbox.cli.batch;

import com.fasterxml.jackson.databind.JsonNode;
import dev.signalbox.config.Units;
import dev.signalbox.schemas.Priority;
import dev.signalbox.schemas.avro.Experiment;
import dev.signalbox.schemas.avro.PromptTemplate;
import dev.signalbox.schemas.avro.StreamPolicy;
import java.time.Duration;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** Reads a line's {@code signalbox} object, strictly: an unknown key is a fault, never ignored. */
final class OptionsReader {
    private static final List<String> KEYS = List.of("use_case", "priority", "tenant", "time_to_live", "stream_policy",
            "department", "prompt_template", "experiment", "labels");
    private static final int MAX_LABELS = 16;
    private static final int MAX_LABEL_LENGTH = 256;

    private final JsonNode node;
    private final Consumer<String> faults;

    private OptionsReader(JsonNode node, Consumer<String> faults) {
        this.node = node;
        this.faults = faults;
    }

    /** @param faults takes a sentence for each thing wrong */
    static RequestOptions read(JsonNode node, Consumer<String> faults) {
        if (!node.isObject()) {
            faults.accept("\"signalbox\" must be an object");
            return RequestOptions.NONE;
        }
        return new OptionsReader(node, faults).read();
    }

    private RequestOptions read() {
        node.fieldNames().forEachRemaining(key -> {
            if (!KEYS.contains(key)) {
                faults.accept("unknown key \"signalbox." + key + "\"" + DidYouMean.hint(key, KEYS));
            }
        });
        return new RequestOptions(text("use_case"), text("priority").flatMap(this::priority), text("tenant"),
                text("time_to_live").flatMap(this::timeToLive), text("stream_policy").flatMap(this::streamPolicy),
                text("department"), promptTemplate(), experiment(), labels());
    }

    private Optional<String> text(String key) {
        return Optional.ofNullable(textOf(node, key, key));
    }

    private @Nullable String textOf(JsonNode parent, String key, String path) {
        JsonNode value = parent.get(key);
        if (value == null || value.isNull()) {
            return null;
        }
        if (!value.isTextual() || value.textValue().isBlank()) {
            faults.accept("\"signalbox." + path + "\" must be a string that is not empty");
            return null;
        }
        return value.textValue();
    }

    private Optional<Priority> priority(String label) {
        Optional<Priority> priority = Priority.ofLabel(label);
        if (priority.isEmpty()) {
            faults.accept("unknown priority \"" + label + "\""
                    + DidYouMean.hint(label, Arrays.stream(Priority.values()).map(Priority::label).toList()));
        }
        return priority;
    }

    private Optional<Duration> timeToLive(String text) {
        Optional<Duration> duration = Units.positiveDuration(text);
        if (duration.isEmpty()) {
            faults.accept(
                    "\"signalbox.time_to_live\" must be a duration such as 90s, 15m or 24h, not \"" + text + "\"");
        }
        return duration;
    }

    private Optional<StreamPolicy> streamPolicy(String label) {
        for (StreamPolicy policy : StreamPolicy.values()) {
            if (policy.name().toLowerCase(Locale.ROOT).equals(label)) {
                return Optional.of(policy);
            }
        }
        faults.accept("unknown stream_policy \"" + label + "\""
                + DidYouMean.hint(label, List.of("restart", "continue", "fail")));
        return Optional.empty();
    }

    private Optional<PromptTemplate> promptTemplate() {
        JsonNode template = object("prompt_template", List.of("id", "version", "variables_hash"));
        if (template == null) {
            return Optional.empty();
        }
        String id = required(template, "id", "prompt_template.id");
        String version = required(template, "version", "prompt_template.version");
        String hash = textOf(template, "variables_hash", "prompt_template.variables_hash");
        return id == null || version == null
                ? Optional.empty()
                : Optional.of(
                        PromptTemplate.newBuilder().setId(id).setVersion(version).setVariablesHash(hash).build());
    }

    private Optional<Experiment> experiment() {
        JsonNode experiment = object("experiment", List.of("id", "variant"));
        if (experiment == null) {
            return Optional.empty();
        }
        String id = required(experiment, "id", "experiment.id");
        String variant = required(experiment, "variant", "experiment.variant");
        return id == null || variant == null
                ? Optional.empty()
                : Optional.of(Experiment.newBuilder().setId(id).setVariant(variant).build());
    }

    private @Nullable String required(JsonNode parent, String key, String path) {
        if (!parent.hasNonNull(key)) {
            faults.accept("no \"signalbox." + path + "\"");
            return null;
        }
        return textOf(parent, key, path);
    }

    private @Nullable JsonNode object(String key, List<String> keys) {
        JsonNode value = node.get(key);
        if (value == null || value.isNull()) {
            return null;
        }
        if (!value.isObject()) {
            faults.accept("\"signalbox." + key + "\" must be an object");
            return null;
        }
        value.fieldNames().forEachRemaining(name -> {
            if (!keys.contains(name)) {
                faults.accept("unknown key \"signalbox." + key + "." + name + "\"" + DidYouMean.hint(name, keys));
            }
        });
        return value;
    }

    private Map<String, String> labels() {
        JsonNode value = node.get("labels");
        if (value == null || value.isNull()) {
            return Map.of();
        }
        Map<String, String> labels = new HashMap<>();
        boolean legal = value.isObject() && value.size() <= MAX_LABELS;
        if (legal) {
            for (Map.Entry<String, JsonNode> label : value.properties()) {
                legal &= label.getValue().isTextual() && label.getValue().textValue().length() <= MAX_LABEL_LENGTH
                        && label.getKey().length() <= MAX_LABEL_LENGTH;
                labels.put(label.getKey(), label.getValue().asText());
            }
        }
        if (!legal) {
            faults.accept("\"signalbox.labels\" must be an object of at most 16 strings of at most 256 characters");
            return Map.of();
        }
        return labels;
    }
}
