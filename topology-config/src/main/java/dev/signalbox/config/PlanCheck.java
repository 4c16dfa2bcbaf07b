package dev.signalbox.config;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/** What a schema cannot say about plans: that each tenant's is there, and that each is some tenant's. */
final class PlanCheck {
    private final YamlTree tree;
    private final Findings findings;
    private final List<String> plans;

    PlanCheck(YamlTree tree, Findings findings) {
        this.tree = tree;
        this.findings = findings;
        this.plans = NameCheck.keys(tree.section("plans"));
    }

    void check() {
        tree.section("tenants").properties().forEach(tenant -> {
            JsonNode plan = tenant.getValue().path("plan");
            if (plan.isTextual() && !plans.contains(plan.asText())) {
                findings.at(Pointer.path("tenants", tenant.getKey(), "plan"),
                        "no plan \"" + plan.asText() + "\"; declare it under plans", plan.asText(), plans);
            }
        });
    }

    /** Legal, but probably not meant. */
    void unused() {
        Set<String> had = new HashSet<>();
        tree.section("tenants").forEach(tenant -> had.add(tenant.path("plan").asText()));
        plans.stream().filter(plan -> !had.contains(plan)).forEach(
                plan -> findings.atKey(Pointer.path("plans", plan), "no tenant has the plan \"" + plan + "\""));
    }
}
