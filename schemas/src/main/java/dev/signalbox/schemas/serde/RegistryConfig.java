package dev.signalbox.schemas.serde;

import java.net.URI;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.apache.kafka.common.config.ConfigException;
import org.apache.kafka.common.config.types.Password;
import org.jspecify.annotations.Nullable;

/**
 * Where the registry is, under Confluent's keys.
 *
 * @param servers tried in this order; the one that answered last is tried first the next time
 * @param connectTimeout {@code http.connect.timeout.ms}, default 5 s
 * @param readTimeout {@code http.read.timeout.ms}, for one whole exchange, default 10 s
 */
record RegistryConfig(List<Server> servers, Duration connectTimeout, Duration readTimeout) {
    static final String URL = "schema.registry.url";
    static final String CREDENTIALS_SOURCE = "basic.auth.credentials.source";
    static final String USER_INFO = "basic.auth.user.info";
    /** The older spelling, which Confluent's own clients still take. */
    private static final String USER_INFO_OLD = "schema.registry.basic.auth.user.info";
    private static final String CONNECT_TIMEOUT = "http.connect.timeout.ms";
    private static final String READ_TIMEOUT = "http.read.timeout.ms";

    /**
     * One registry.
     *
     * @param base with its base path, without user info and trailing slash: safe to print
     * @param authorization value of the Authorization header
     */
    record Server(String base, Optional<String> authorization) {
        @Override
        public String toString() {
            return base;
        }
    }

    static RegistryConfig of(Map<String, ?> config) {
        String source = text(config, CREDENTIALS_SOURCE).orElse("URL");
        Optional<String> shared = switch (source) {
            case "URL" -> Optional.empty();
            case "USER_INFO" -> Optional.of(basic(text(config, USER_INFO).or(() -> text(config, USER_INFO_OLD))
                    .orElseThrow(() -> new ConfigException("\"" + USER_INFO + "\" must be set as user:password where "
                            + CREDENTIALS_SOURCE + " is USER_INFO"))));
            default -> throw new ConfigException(CREDENTIALS_SOURCE, source, "must be URL or USER_INFO");
        };
        List<Server> servers = new ArrayList<>();
        for (String url : urls(config.get(URL))) {
            servers.add(server(url, shared));
        }
        if (servers.isEmpty()) {
            throw new ConfigException(
                    "\"" + URL + "\" must name at least one schema registry, such as http://localhost:8081");
        }
        return new RegistryConfig(List.copyOf(servers), millis(config, CONNECT_TIMEOUT, 5_000),
                millis(config, READ_TIMEOUT, 10_000));
    }

    private static List<String> urls(@Nullable Object value) {
        List<String> urls = new ArrayList<>();
        if (value instanceof Iterable<?> list) {
            list.forEach(url -> urls.add(url.toString().trim()));
        } else if (value != null) {
            for (String url : value.toString().split(",", -1)) {
                urls.add(url.trim());
            }
        }
        urls.removeIf(String::isEmpty);
        return urls;
    }

    private static Server server(String url, Optional<String> shared) {
        URI uri;
        try {
            uri = URI.create(url);
        } catch (IllegalArgumentException e) {
            throw notAUrl();
        }
        String scheme = uri.getScheme();
        if (scheme == null || uri.getHost() == null || !(scheme.equals("http") || scheme.equals("https"))) {
            throw notAUrl();
        }
        String port = uri.getPort() < 0 ? "" : ":" + uri.getPort();
        String path = uri.getRawPath() == null ? "" : uri.getRawPath().replaceAll("/+$", "");
        Optional<String> own = Optional.ofNullable(uri.getRawUserInfo())
                .map(info -> basic(URLDecoder.decode(info.replace("+", "%2B"), StandardCharsets.UTF_8)));
        return new Server(scheme + "://" + uri.getHost() + port + path, shared.or(() -> own));
    }

    /** Without the URL itself: it may hold a password. */
    private static ConfigException notAUrl() {
        return new ConfigException("\"" + URL + "\" must be http or https URLs, separated by commas");
    }

    private static String basic(String userInfo) {
        return "Basic " + Base64.getEncoder().encodeToString(userInfo.getBytes(StandardCharsets.UTF_8));
    }

    private static Optional<String> text(Map<String, ?> config, String key) {
        Object value = config.get(key);
        String text = value instanceof Password password ? password.value() : value == null ? "" : value.toString();
        return text.isBlank() ? Optional.empty() : Optional.of(text.trim());
    }

    private static Duration millis(Map<String, ?> config, String key, long otherwise) {
        Object value = config.get(key);
        if (value == null) {
            return Duration.ofMillis(otherwise);
        }
        try {
            long millis = Long.parseLong(value.toString().trim());
            if (millis > 0) {
                return Duration.ofMillis(millis);
            }
        } catch (NumberFormatException e) {
            // Told below, as any other wrong value.
        }
        throw new ConfigException(key, value, "must be a positive number of milliseconds");
    }
}
