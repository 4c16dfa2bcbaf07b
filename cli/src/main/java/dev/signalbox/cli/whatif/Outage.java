package dev.signalbox.cli.whatif;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.signalbox.config.Configuration;
import dev.signalbox.config.Deployment;
import dev.signalbox.config.DeploymentName;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * Trouble of some deployments for a while.
 *
 * @param what as it is called in the report
 * @param deployments those concerned
 * @param fromNanos after the load's beginning
 * @param rampNanos how long it takes until it is at its worst
 * @param part of the calls that it meets, 0 to 1, at its worst
 * @param factor how many times as long they take, where they are slow
 */
record Outage(String what, Set<DeploymentName> deployments, long fromNanos, long untilNanos, long rampNanos,
        double part, Kind kind, double factor) {
    private static final List<String> KEYS = List.of("on", "from", "for", "part", "ramp", "fails", "factor", "file",
            "incident", "speed");

    /** What happens to a call. */
    enum Kind {
        /** An error at once. */
        STATUS,
        /** Nothing comes, until the limit of the first token. */
        TIMEOUT,
        /** Too many requests. */
        RATE,
        /** It takes longer. */
        SLOW
    }

    /** @param spec value of {@code --outage}: whom, and how, or which recorded incident */
    static Outage of(Configuration configuration, String spec) {
        Facts facts = new Facts("--outage", spec, "on", KEYS);
        Kind kind = kind(facts);
        Duration from = facts.duration("from", Duration.ofMinutes(1));
        Duration length = facts.duration("for", Duration.ofMinutes(5));
        double part = facts.number("part", 1);
        String whom = facts.text("on", "");
        String what = whom;
        if (facts.text("file").isPresent()) {
            JsonNode incident = incident(facts);
            what = incident.path("id").asText();
            whom = whom.isEmpty() ? incident.path("provider").asText() : whom;
            length = facts.text("for").isPresent() ? length : length(facts, incident);
            part = facts.text("part").isPresent() ? part : incident.path("peak_api_error_rate").asDouble(1);
        }
        if (part > 1) {
            throw facts.wrong("part must be from 0 to 1");
        }
        long start = from.toNanos();
        return new Outage(what, deployments(configuration, facts, whom), start, start + length.toNanos(),
                facts.duration("ramp", Duration.ZERO).toNanos(), part, kind, facts.number("factor", 5));
    }

    private static Kind kind(Facts facts) {
        String name = facts.text("fails", "status");
        for (Kind kind : Kind.values()) {
            if (kind.name().toLowerCase(Locale.ROOT).equals(name)) {
                return kind;
            }
        }
        throw facts.wrong("fails must be status, timeout, rate or slow, not \"" + name + "\"");
    }

    /** By a deployment's whole name, its vendor and region, or its vendor. */
    private static Set<DeploymentName> deployments(Configuration configuration, Facts facts, String whom) {
        Set<DeploymentName> found = configuration.deployments().values().stream()
                .filter(deployment -> isOf(deployment, whom)).map(Deployment::name).collect(Collectors.toSet());
        if (found.isEmpty()) {
            throw facts.wrong("\"" + whom
                    + "\" is no deployment, vendor or vendor.region of the configuration; name one by"
                    + " on=…, such as " + configuration.deployments().keySet().stream().map(DeploymentName::toString)
                            .sorted().findFirst().orElse("none"));
        }
        return found;
    }

    private static boolean isOf(Deployment deployment, String whom) {
        String name = deployment.name().toString();
        return name.equals(whom) || name.startsWith(whom + "/") || deployment.vendor().name().equals(whom);
    }

    private static JsonNode incident(Facts facts) {
        Path file = Path.of(facts.required("file"));
        if (!Files.isRegularFile(file)) {
            throw facts.wrong("there is no file " + file);
        }
        String id = facts.text("incident", "");
        List<String> known = new ArrayList<>();
        try {
            for (JsonNode each : new ObjectMapper().readTree(file.toFile()).path("incidents")) {
                known.add(each.path("id").asText());
                if (each.path("id").asText().equals(id)) {
                    return each;
                }
            }
        } catch (IOException e) {
            throw facts.wrong(file + " is no JSON");
        }
        throw facts.wrong(file + " has no incident \"" + id + "\"; it has " + String.join(", ", known));
    }

    private static Duration length(Facts facts, JsonNode incident) {
        Optional<Instant> start = time(incident, "start_utc");
        Optional<Instant> end = time(incident, "api_recovered_utc").or(() -> time(incident, "end_utc"));
        double speed = facts.number("speed", 1);
        if (start.isEmpty() || end.isEmpty() || speed == 0) {
            throw facts.wrong("the incident does not say from when to when; say for=…");
        }
        return Duration.ofMillis((long) (Duration.between(start.get(), end.get()).toMillis() / speed));
    }

    private static Optional<Instant> time(JsonNode incident, String field) {
        return incident.hasNonNull(field)
                ? Optional.of(Instant.parse(incident.path(field).asText()))
                : Optional.empty();
    }

    /** The chance that a call which begins then meets it. */
    double part(DeploymentName deployment, long atNanos) {
        if (!deployments.contains(deployment) || atNanos < fromNanos || atNanos >= untilNanos) {
            return 0;
        }
        return rampNanos == 0 ? part : part * Math.min(1, (double) (atNanos - fromNanos) / rampNanos);
    }
}
