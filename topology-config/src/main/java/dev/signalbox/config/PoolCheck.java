package dev.signalbox.config;

import com.fasterxml.jackson.databind.JsonNode;
import dev.signalbox.schemas.Priority;
import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.StreamSupport;

/** What a schema cannot say about pools: each use case in one pool, one pool for the others, rank, floors. */
final class PoolCheck {
    private final YamlTree tree;
    private final Findings findings;
    private final List<String> ranked;

    PoolCheck(YamlTree tree, Findings findings) {
        this.tree = tree;
        this.findings = findings;
        this.ranked = NameCheck.keys(tree.section("pools"));
    }

    void check() {
        Map<String, String> owners = new HashMap<>();
        for (String pool : ranked) {
            String pointer = Pointer.path("pools", pool);
            JsonNode settings = tree.root().at(pointer);
            useCases(pool, Pointer.of(pointer, "use_cases"), settings.path("use_cases"), owners);
            borrows(pool, Pointer.of(pointer, "borrows_from"), settings.path("borrows_from"));
            priorities(pool, pointer, settings);
        }
        if (!ranked.isEmpty() && !owners.containsKey(Pool.OTHERWISE)) {
            findings.atKey(Pointer.path("pools"),
                    "no pool has the use case \"otherwise\": requests of use cases that no pool lists would have"
                            + " nowhere to go; add it to the use_cases of one pool");
        }
    }

    private void useCases(String pool, String pointer, JsonNode useCases, Map<String, String> owners) {
        for (int i = 0; i < useCases.size(); i++) {
            String useCase = useCases.path(i).asText();
            String owner = owners.putIfAbsent(useCase, pool);
            if (owner != null && !owner.equals(pool)) {
                findings.at(Pointer.of(pointer, i), "use case \"" + useCase + "\" is in pool \"" + owner
                        + "\" already; a use case has one pool");
            }
        }
    }

    private void borrows(String pool, String pointer, JsonNode lenders) {
        for (int i = 0; i < lenders.size(); i++) {
            String lender = lenders.path(i).asText();
            String place = Pointer.of(pointer, i);
            if (!ranked.contains(lender)) {
                findings.at(place, "no pool \"" + lender + "\"", lender, ranked);
            } else if (lender.equals(pool)) {
                findings.at(place, "pool \"" + pool + "\" cannot borrow from itself");
            } else if (ranked.indexOf(lender) < ranked.indexOf(pool)) {
                findings.at(place, "pool \"" + pool + "\" can only borrow from lower pools, and \"" + lender
                        + "\" stands above it in the file");
            }
        }
    }

    private void priorities(String pool, String pointer, JsonNode settings) {
        JsonNode priorities = settings.path("priorities");
        List<String> served = priorities.isObject()
                ? NameCheck.keys(priorities)
                : StreamSupport.stream(priorities.spliterator(), false).map(JsonNode::asText).toList();
        BigDecimal floors = BigDecimal.ZERO;
        if (priorities.isObject()) {
            for (JsonNode share : priorities) {
                floors = floors.add(Units.percent(share.path("floor").asText("5%")).orElse(BigDecimal.ZERO));
            }
        }
        if (floors.compareTo(BigDecimal.valueOf(100)) > 0) {
            findings.atKey(Pointer.of(pointer, "priorities"), "the floors of pool \"" + pool + "\" add up to "
                    + floors.stripTrailingZeros().toPlainString() + "%, more than 100%");
        }
        JsonNode sheds = settings.path("sheds");
        for (int i = 0; i < sheds.size(); i++) {
            String priority = sheds.path(i).asText();
            if (settings.has("priorities") && Priority.ofLabel(priority).isPresent()
                    && !served.contains(priority)) {
                findings.at(Pointer.of(Pointer.of(pointer, "sheds"), i),
                        "pool \"" + pool + "\" has no priority \"" + priority + "\" that it could shed", priority,
                        new ArrayList<>(served));
            }
        }
    }
}
