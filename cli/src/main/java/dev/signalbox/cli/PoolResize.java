package dev.signalbox.cli;

import dev.signalbox.cli.batch.DidYouMean;
import dev.signalbox.cli.edit.YamlEdit;
import dev.signalbox.config.Configuration;
import dev.signalbox.config.Deployment;
import dev.signalbox.config.DeploymentName;
import dev.signalbox.config.Pool;
import dev.signalbox.config.PoolParts;
import dev.signalbox.schemas.PoolName;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.OptionalInt;
import java.util.TreeMap;

/**
 * Other parts of deployments for a pool, as an edit of the configuration's text. What a pool gains of a deployment the others give
 * up, and what it gives up they gain, each in proportion to its part.
 */
final class PoolResize {
    private final Configuration configuration;
    private final Pool pool;
    private String text;
    private final Map<DeploymentName, Map<PoolName, Double>> changed = new TreeMap<>();

    PoolResize(Configuration configuration, Pool pool, String text) {
        this.configuration = configuration;
        this.pool = pool;
        this.text = text;
    }

    /** The text with all that was changed. */
    String text() {
        return text;
    }

    /** @param part such as 40% */
    void part(String deployment, String part) {
        Deployment found = deployment(deployment);
        double share = share("--part " + deployment + "=" + part, part);
        Map<PoolName, Double> before = found.poolShares();
        if (before.isEmpty()) {
            throw new CommandFailure(ExitCode.USAGE, deployment + " names no pools, so that all of them share it whole:"
                    + " give each its part with \"config apply\", or all to one with --exclusive");
        }
        double others = before.entrySet().stream().filter(each -> !each.getKey().equals(pool.name()))
                .mapToDouble(Map.Entry::getValue).sum();
        if (others == 0 && share < before.getOrDefault(pool.name(), 0.0)) {
            throw new CommandFailure(ExitCode.USAGE, "only " + pool.name() + " has a part of " + deployment
                    + ": nobody would have the rest; resize the pool that is to get it");
        }
        double all = others + before.getOrDefault(pool.name(), 0.0);
        Map<PoolName, Double> parts = new LinkedHashMap<>();
        before.forEach((name, old) -> parts.put(name, old * Math.max(0, all - share) / others));
        parts.put(pool.name(), share);
        set(found, parts);
    }

    /** All of it for this pool. */
    void exclusive(String deployment) {
        set(deployment(deployment), Map.of(pool.name(), 1.0));
    }

    private void set(Deployment deployment, Map<PoolName, Double> parts) {
        Map<PoolName, Double> rounded = rounded(parts);
        List<String> words = new ArrayList<>();
        rounded.forEach((name, part) -> words.add(YamlEdit.quoted(name.value()) + ": " + percent(part)));
        text = YamlEdit.set(text, List.of("deployments", deployment.name().toString(), "pools"),
                "{ " + String.join(", ", words) + " }");
        changed.put(deployment.name(), rounded);
    }

    /** In tenths of a percent; the largest of the others takes what is left over, so that the sum is what it was. */
    private Map<PoolName, Double> rounded(Map<PoolName, Double> parts) {
        long sum = Math.round(parts.values().stream().mapToDouble(Double::doubleValue).sum() * 1_000);
        Map<PoolName, Long> tenths = new LinkedHashMap<>();
        parts.forEach((name, part) -> tenths.put(name, Math.round(part * 1_000)));
        long over = tenths.values().stream().mapToLong(Long::longValue).sum() - sum;
        tenths.entrySet().stream().filter(each -> !each.getKey().equals(pool.name()))
                .max(Map.Entry.comparingByValue()).ifPresent(each -> each.setValue(each.getValue() - over));
        Map<PoolName, Double> rounded = new LinkedHashMap<>();
        tenths.forEach((name, part) -> {
            if (part > 0) {
                rounded.put(name, part / 1_000.0);
            }
        });
        return rounded;
    }

    /** @param part such as 20% */
    void reserve(String part) {
        share("--reserve " + part, part);
        text = YamlEdit.set(text, List.of("pools", pool.name().value(), "reserve"), part);
    }

    /** What each pool would have of what changes, for a person. */
    List<String> preview() {
        List<String> lines = new ArrayList<>();
        changed.forEach((name, after) -> {
            Deployment deployment = Objects.requireNonNull(configuration.deployments().get(name), "it was found");
            for (Pool each : configuration.pools()) {
                String was = held(deployment, deployment.poolShares(), each.name());
                String becomes = held(deployment, after, each.name());
                if (!was.equals(becomes)) {
                    lines.add("pool " + each.name() + ": " + name + " " + was + " -> " + becomes);
                }
            }
        });
        return lines;
    }

    private static String held(Deployment deployment, Map<PoolName, Double> parts, PoolName pool) {
        if (parts.isEmpty()) {
            return "shared with all" + limits(deployment.limits());
        }
        Deployment.Limits limits = PoolParts.of(deployment.limits(), parts).get(pool);
        return limits == null ? "nothing" : percent(parts.getOrDefault(pool, 0.0)) + limits(limits);
    }

    private static String limits(Deployment.Limits limits) {
        List<String> words = new ArrayList<>();
        add(words, limits.concurrency(), "calls at once");
        add(words, limits.requestsPerMinute(), "requests/min");
        add(words, limits.inputTokensPerMinute(), "input tokens/min");
        add(words, limits.outputTokensPerMinute(), "output tokens/min");
        return words.isEmpty() ? "" : " (" + String.join(", ", words) + ")";
    }

    private static void add(List<String> words, OptionalInt limit, String what) {
        limit.ifPresent(number -> words.add(number + " " + what));
    }

    private Deployment deployment(String name) {
        return configuration.deployments().values().stream().filter(each -> each.name().toString().equals(name))
                .findFirst().orElseThrow(() -> new CommandFailure(ExitCode.USAGE, "no deployment is called \"" + name
                        + "\"" + DidYouMean.hint(name,
                                configuration.deployments().keySet().stream().map(DeploymentName::toString)
                                        .toList())));
    }

    /** 0 to 1, of a share such as 40%. */
    static double share(String option, String part) {
        try {
            double share = Double.parseDouble(part.endsWith("%") ? part.substring(0, part.length() - 1) : "") / 100;
            if (share >= 0 && share <= 1) {
                return share;
            }
        } catch (NumberFormatException e) {
            // Told below.
        }
        throw new CommandFailure(ExitCode.USAGE, option + ": a share is a number from 0 to 100 with a %, such as 40%");
    }

    private static String percent(double share) {
        long tenths = Math.round(share * 1_000);
        return tenths % 10 == 0 ? tenths / 10 + "%" : tenths / 10 + "." + tenths % 10 + "%";
    }
}
