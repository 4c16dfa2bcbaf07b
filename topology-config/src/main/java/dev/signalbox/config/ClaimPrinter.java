package dev.signalbox.config;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.TreeMap;

/** Prints the claim stores in the language that they were written in. */
final class ClaimPrinter {
    private ClaimPrinter() {
    }

    static ObjectNode claims(ClaimSettings claims) {
        ObjectNode node = JsonNodeFactory.instance.objectNode();
        claims.store().ifPresent(store -> node.put("store", store));
        node.put("above", Units.print(claims.aboveBytes())).put("max_size", Units.print(claims.maxBytes()));
        ObjectNode stores = node.putObject("stores");
        new TreeMap<>(claims.stores()).forEach((name, store) -> put(stores.putObject(name), store));
        return node;
    }

    private static void put(ObjectNode node, ClaimSettings.Store store) {
        switch (store) {
            case ClaimSettings.Store.Folder folder -> node.put("folder", folder.path().toString());
            case ClaimSettings.Store.Bucket bucket -> {
                node.put("bucket", bucket.bucket());
                bucket.endpoint().ifPresent(endpoint -> node.put("endpoint", endpoint.toString()));
                node.put("region", bucket.region()).put("prefix", bucket.prefix())
                        .put("path_style", bucket.pathStyle());
                bucket.keys().ifPresent(keys -> node.put("access_key", keys.accessKey().reference())
                        .put("secret_key", keys.secretKey().reference()));
            }
        }
    }
}
