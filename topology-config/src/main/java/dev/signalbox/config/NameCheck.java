package dev.signalbox.config;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.math.BigDecimal;
import java.net.URI;
import java.net.URISyntaxException;
import java.time.LocalDate;
import java.time.format.DateTimeParseException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * What a schema cannot say about vendors, deployments, prices, budgets and topics: names that nothing has, sums, pairs
 * that exclude each other. It works on a tree that may have faults of form, so that all problems are told at once, and
 * says nothing about what has the wrong form.
 */
final class NameCheck {
    private final YamlTree tree;
    private final Findings findings;

    NameCheck(YamlTree tree, Findings findings) {
        this.tree = tree;
        this.findings = findings;
    }

    void check() {
        vendors();
        tree.section("deployments").properties().forEach(entry -> deployment(entry.getKey(), entry.getValue()));
        prices();
        budgets();
        topics();
        new ClaimCheck(tree, findings).check();
        tree.section("claim_check").path("stores").properties().forEach(entry -> url(
                Pointer.of(Pointer.of(Pointer.path("claim_check", "stores"), entry.getKey()), "endpoint"),
                entry.getValue().path("endpoint")));
        String alertmanager = Pointer.path("alerts", "alertmanager");
        url(alertmanager, tree.root().at(alertmanager));
    }

    private void vendors() {
        tree.section("vendors").properties().forEach(entry -> {
            String pointer = Pointer.path("vendors", entry.getKey());
            if (KnownVendor.named(entry.getKey()).isEmpty() && entry.getValue().isObject()) {
                for (String needed : List.of("family", "base_url")) {
                    if (!entry.getValue().has(needed)) {
                        findings.atKey(pointer, "vendor \"" + entry.getKey()
                                + "\" is none of the known ones, so that it needs \"" + needed + "\"", entry.getKey(),
                                KnownVendor.names());
                    }
                }
            }
            for (String key : List.of("base_url", "http_proxy")) {
                url(Pointer.of(pointer, key), entry.getValue().path(key));
            }
        });
    }

    private void deployment(String name, JsonNode deployment) {
        String pointer = Pointer.path("deployments", name);
        Set<String> vendors = new LinkedHashSet<>(KnownVendor.names());
        vendors.addAll(keys(tree.section("vendors")));
        String vendor = deployment.path("vendor").asText("");
        if (deployment.path("vendor").isTextual() && !vendors.contains(vendor)) {
            findings.at(Pointer.of(pointer, "vendor"), "no vendor \"" + vendor + "\"; declare it under vendors", vendor,
                    vendors);
        } else if (!deployment.has("base_url")
                && tree.section("vendors").path(vendor).path("base_url").isMissingNode()) {
            KnownVendor.named(vendor).ifPresent(known -> {
                if (known.isRegional() && !deployment.has("region")) {
                    findings.atKey(pointer, "\"" + name + "\" needs \"region\" (or \"base_url\"): " + vendor
                            + " has a URL for each region");
                } else if (!known.isRegional() && known.baseUrl().isEmpty()) {
                    findings.atKey(pointer,
                            "\"" + name + "\" needs \"base_url\": " + vendor + " has a URL for each resource");
                }
            });
        }
        url(Pointer.of(pointer, "base_url"), deployment.path("base_url"));
        if (deployment.has("credential") && deployment.has("credentials")) {
            findings.atKey(Pointer.of(pointer, "credentials"),
                    "\"" + name + "\" has both credential and credentials: keep one of them");
        }
        shares(Pointer.of(pointer, "pools"), name, deployment.path("pools"));
    }

    private void shares(String pointer, String deployment, JsonNode pools) {
        List<String> known = keys(tree.section("pools"));
        if (pools.isTextual() && !known.contains(pools.asText())) {
            findings.at(pointer, "no pool \"" + pools.asText() + "\"", pools.asText(), known);
        }
        BigDecimal sum = BigDecimal.ZERO;
        if (pools instanceof ObjectNode shares) {
            for (Map.Entry<String, JsonNode> share : shares.properties()) {
                if (!known.contains(share.getKey())) {
                    findings.atKey(Pointer.of(pointer, share.getKey()), "no pool \"" + share.getKey() + "\"",
                            share.getKey(), known);
                }
                sum = sum.add(Units.percent(share.getValue().asText()).orElse(BigDecimal.ZERO));
            }
        }
        if (sum.compareTo(BigDecimal.valueOf(100)) > 0) {
            findings.atKey(pointer, "the pools' shares of \"" + deployment + "\" add up to "
                    + sum.stripTrailingZeros().toPlainString() + "%, more than 100%");
        }
    }

    private void prices() {
        String pointer = Pointer.path("prices", "deployments");
        JsonNode prices = tree.root().at(pointer);
        List<String> known = keys(tree.section("deployments"));
        prices.properties().forEach(entry -> {
            String place = Pointer.of(pointer, entry.getKey());
            if (!known.contains(entry.getKey())) {
                findings.atKey(place, "no deployment \"" + entry.getKey() + "\"", entry.getKey(), known);
            }
            if (entry.getValue().isArray()) {
                Set<String> days = new HashSet<>();
                for (int i = 0; i < entry.getValue().size(); i++) {
                    JsonNode price = entry.getValue().path(i);
                    day(Pointer.of(Pointer.of(place, i), "from"), price.path("from"));
                    if (price.isObject() && !days.add(price.path("from").asText(""))) {
                        findings.at(Pointer.of(place, i),
                                "\"" + entry.getKey() + "\" has two prices from the same day on");
                    }
                }
            } else {
                day(Pointer.of(place, "from"), entry.getValue().path("from"));
            }
        });
    }

    private void day(String pointer, JsonNode day) {
        if (day.asText("").length() == "2026-01-31".length()) {
            try {
                LocalDate.parse(day.asText());
            } catch (DateTimeParseException e) {
                findings.at(pointer, "\"from\" must be a day of the calendar, not \"" + day.asText() + "\"");
            }
        }
    }

    private void budgets() {
        Map<List<String>, Integer> seen = new HashMap<>();
        JsonNode budgets = tree.root().path("budgets");
        for (int i = 0; i < budgets.size(); i++) {
            JsonNode budget = budgets.path(i);
            List<String> key = new ArrayList<>(List.of(budget.path("per").asText("month")));
            for (String scope : List.of("use_case", "tenant", "department")) {
                key.add(budget.path(scope).asText(""));
            }
            String pointer = Pointer.of(Pointer.path("budgets"), i);
            Integer first = seen.putIfAbsent(key, tree.place(pointer).line());
            if (first != null && budget.isObject()) {
                findings.at(pointer, "a budget for the same and per " + key.getFirst() + " is in line " + first);
            }
        }
    }

    private void topics() {
        JsonNode replicas = tree.section("topics").path("replication_factor");
        JsonNode inSync = tree.section("topics").path("min_in_sync_replicas");
        if (replicas.isInt() && inSync.isInt() && inSync.intValue() > replicas.intValue()) {
            findings.at(Pointer.path("topics", "min_in_sync_replicas"), "\"min_in_sync_replicas\" is " + inSync
                    + ", more than the replication factor " + replicas + ": nothing could be written");
        }
    }

    private void url(String pointer, JsonNode url) {
        if (!url.asText("").matches("https?://.*") || tree.isUnresolved(pointer)) {
            return;
        }
        String problem = problemOf(url.asText());
        if (!problem.isEmpty()) {
            findings.at(pointer, Pointer.spoken(pointer) + " " + problem);
        }
    }

    private static String problemOf(String text) {
        try {
            URI uri = new URI(text);
            if (Optional.ofNullable(uri.getRawUserInfo()).isPresent()) {
                return "must not hold a user or password: secrets only by reference, as \"credential\"";
            }
            return Optional.ofNullable(uri.getHost()).isEmpty() ? "names no host" : "";
        } catch (URISyntaxException e) {
            return "is not a URL: " + e.getReason();
        }
    }

    static List<String> keys(JsonNode map) {
        return map.propertyStream().map(Map.Entry::getKey).toList();
    }
}
