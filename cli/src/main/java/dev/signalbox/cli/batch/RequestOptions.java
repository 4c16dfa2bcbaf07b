package dev.signalbox.cli.batch;

import dev.signalbox.schemas.Priority;
import dev.signalbox.schemas.avro.Experiment;
import dev.signalbox.schemas.avro.PromptTemplate;
import dev.signalbox.schemas.avro.StreamPolicy;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;

/**
 * What a line's {@code signalbox} object, or the command's options, say about a request; what is empty is not said.
 *
 * @param labels at most 16; a line's labels stand beside the command's and win over them
 */
public record RequestOptions(Optional<String> useCase, Optional<Priority> priority, Optional<String> tenant,
        Optional<Duration> timeToLive, Optional<StreamPolicy> streamPolicy, Optional<String> department,
        Optional<PromptTemplate> promptTemplate, Optional<Experiment> experiment, Map<String, String> labels) {
    public static final RequestOptions NONE = new RequestOptions(Optional.empty(), Optional.empty(), Optional.empty(),
            Optional.empty(), Optional.empty(), Optional.empty(), Optional.empty(), Optional.empty(), Map.of());
    public static final String DEFAULT_USE_CASE = "default";
    public static final String DEFAULT_TENANT = "default";

    public RequestOptions {
        labels = Map.copyOf(labels);
    }

    /** This, and where it says nothing the defaults. */
    RequestOptions orElse(RequestOptions defaults) {
        Map<String, String> allLabels = labels;
        if (!defaults.labels.isEmpty()) {
            allLabels = new java.util.HashMap<>(defaults.labels);
            allLabels.putAll(labels);
        }
        return new RequestOptions(useCase.or(defaults::useCase), priority.or(defaults::priority),
                tenant.or(defaults::tenant), timeToLive.or(defaults::timeToLive),
                streamPolicy.or(defaults::streamPolicy), department.or(defaults::department),
                promptTemplate.or(defaults::promptTemplate), experiment.or(defaults::experiment), allLabels);
    }
}
