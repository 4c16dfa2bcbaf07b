package dev.signalbox.config;

import com.fasterxml.jackson.databind.JsonNode;
import java.net.URI;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;

/** The claim stores of a configuration that was checked. */
final class ClaimBinder {
    private final Function<String, Optional<Secret>> secrets;

    /** @param secrets by pointer */
    ClaimBinder(Function<String, Optional<Secret>> secrets) {
        this.secrets = secrets;
    }

    ClaimSettings claims(JsonNode claims, int maxMessageBytes) {
        Map<String, ClaimSettings.Store> stores = new LinkedHashMap<>();
        claims.path("stores").properties()
                .forEach(entry -> stores.put(entry.getKey(), store(entry.getKey(), entry.getValue())));
        return new ClaimSettings(ConfigurationBinder.text(claims, "store"),
                claims.has("above") ? bytes(claims.path("above")) : ClaimSettings.aboveBytes(maxMessageBytes),
                bytes(claims.path("max_size")), stores);
    }

    private ClaimSettings.Store store(String name, JsonNode store) {
        if (store.has("folder")) {
            return new ClaimSettings.Store.Folder(Path.of(store.path("folder").asText()));
        }
        String pointer = Pointer.of(Pointer.path("claim_check", "stores"), name);
        Optional<ClaimSettings.Keys> keys = secrets.apply(Pointer.of(pointer, "access_key"))
                .flatMap(access -> secrets.apply(Pointer.of(pointer, "secret_key"))
                        .map(secret -> new ClaimSettings.Keys(access, secret)));
        return new ClaimSettings.Store.Bucket(store.path("bucket").asText(),
                ConfigurationBinder.text(store, "endpoint").map(URI::create), store.path("region").asText(),
                store.path("prefix").asText(), store.path("path_style").asBoolean(), keys);
    }

    private static int bytes(JsonNode size) {
        return (int) Math.min(Integer.MAX_VALUE - 8, Units.size(size.asText()).orElseThrow());
    }
}
