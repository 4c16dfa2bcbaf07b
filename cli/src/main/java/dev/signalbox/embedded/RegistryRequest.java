package dev.signalbox.embedded;

import com.fasterxml.jackson.databind.JsonNode;
import java.net.URI;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * A request to the registry.
 *
 * @param path its segments, decoded: a subject may hold an encoded slash
 * @param query parameters, the first value of each
 * @param body JSON, or a missing node
 */
record RegistryRequest(String method, List<String> path, Map<String, String> query, JsonNode body) {
    static RegistryRequest of(String method, URI uri, JsonNode body) {
        List<String> path = new ArrayList<>();
        for (String segment : uri.getRawPath().split("/", -1)) {
            if (!segment.isEmpty()) {
                path.add(decode(segment.replace("+", "%2B")));
            }
        }
        Map<String, String> query = new HashMap<>();
        String raw = uri.getRawQuery();
        for (String parameter : raw == null ? new String[0] : raw.split("&", -1)) {
            int equals = parameter.indexOf('=');
            if (equals > 0) {
                query.putIfAbsent(parameter.substring(0, equals), decode(parameter.substring(equals + 1)));
            }
        }
        return new RegistryRequest(method, path, query, body);
    }

    private static String decode(String text) {
        return URLDecoder.decode(text, StandardCharsets.UTF_8);
    }

    boolean flag(String name) {
        return Boolean.parseBoolean(query.getOrDefault(name, "false"));
    }
}
