package dev.signalbox.config;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.List;
import java.util.Optional;

/** What the schema cannot say of the claim stores. */
final class ClaimCheck {
    private static final String CLAIMS = "claim_check";

    private final YamlTree tree;
    private final Findings findings;

    ClaimCheck(YamlTree tree, Findings findings) {
        this.tree = tree;
        this.findings = findings;
    }

    void check() {
        JsonNode claims = tree.section(CLAIMS);
        List<String> stores = NameCheck.keys(claims.path("stores"));
        String store = claims.path("store").asText("");
        if (!store.isEmpty() && !stores.contains(store)) {
            findings.at(Pointer.path(CLAIMS, "store"), "no store \"" + store + "\"; declare it under stores", store,
                    stores);
        }
        claims.path("stores").properties().forEach(entry -> store(entry.getKey(), entry.getValue()));
        Optional<Long> above = Units.size(claims.path("above").asText(""));
        Optional<Long> most = Units.size(tree.section("topics").path("max_message_size").asText("10MB"));
        if (above.isPresent() && most.isPresent() && above.get() >= most.get()) {
            findings.at(Pointer.path(CLAIMS, "above"), "\"above\" is not below \"topics.max_message_size\" of "
                    + Units.print(most.get()) + ": bodies between them would fit nowhere");
        }
    }

    private void store(String name, JsonNode store) {
        String pointer = Pointer.of(Pointer.path(CLAIMS, "stores"), name);
        if (store.has("folder") == store.has("bucket")) {
            findings.atKey(pointer, "store \"" + name + "\" needs one of \"folder\" and \"bucket\"");
        }
        if (store.has("access_key") != store.has("secret_key")) {
            findings.atKey(pointer,
                    "store \"" + name + "\" has one of \"access_key\" and \"secret_key\": both or none");
        }
        if (store.has("folder")) {
            for (String key : List.of("endpoint", "access_key", "secret_key")) {
                if (store.has(key)) {
                    findings.atKey(Pointer.of(pointer, key), "\"" + key + "\" belongs to a bucket, not to a folder");
                }
            }
        }
    }
}
