package dev.signalbox.workers.vendor;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Predicate;
import org.junit.jupiter.api.Assumptions;

/** The recorded exchanges beside the project; without them the test that asks is skipped, aloud. */
public final class RecordedExchanges {
    public static final ObjectMapper JSON = new ObjectMapper();

    /** @param row of index.jsonl */
    public record Exchange(JsonNode row, Path folder) {
        public String id() {
            return row.get("id").asText();
        }

        public String vendor() {
            return row.get("vendor").asText();
        }

        public String category() {
            return row.get("category").asText();
        }

        public int status(int otherwise) {
            return row.get("status").isNull() ? otherwise : row.get("status").asInt();
        }

        public boolean isChat() {
            String url = row.get("url").asText("").replaceAll("[?#].*", "");
            return url.endsWith("/chat/completions");
        }

        public byte[] body() {
            try {
                return Files.readAllBytes(folder.resolve(row.get("body_file").asText()));
            } catch (IOException e) {
                throw new java.io.UncheckedIOException(e);
            }
        }

        /** The bytes of a stream as they are on the wire. */
        public byte[] stream() {
            if (!row.get("kind").asText().equals("jsonl-chunks")) {
                return body();
            }
            ByteArrayOutputStream wire = new ByteArrayOutputStream();
            for (String line : new String(body(), StandardCharsets.UTF_8).split("\n")) {
                if (!line.isBlank()) {
                    if (vendor().contains("anthropic")) {
                        wire.writeBytes(("event: " + type(line) + "\n").getBytes(StandardCharsets.UTF_8));
                    }
                    wire.writeBytes(("data: " + line + "\n\n").getBytes(StandardCharsets.UTF_8));
                }
            }
            return wire.toByteArray();
        }

        private static String type(String line) {
            try {
                return JSON.readTree(line).path("type").asText();
            } catch (IOException e) {
                throw new java.io.UncheckedIOException(e);
            }
        }

        public Map<String, String> headers() {
            Map<String, String> headers = new TreeMap<>();
            row.get("response_headers").properties()
                    .forEach(header -> headers.put(header.getKey().toLowerCase(java.util.Locale.ROOT),
                            header.getValue().asText()));
            return headers;
        }

        /** The recorded request, or a small one where it was not kept whole. */
        public byte[] request() {
            String text = row.get("request_body").asText("");
            try {
                JSON.readTree(text);
                return text.startsWith("{") ? text.getBytes(StandardCharsets.UTF_8) : small();
            } catch (IOException cut) {
                return small();
            }
        }

        private static byte[] small() {
            return "{\"model\":\"m\",\"messages\":[]}".getBytes(StandardCharsets.UTF_8);
        }

        @Override
        public String toString() {
            return id() + " of " + vendor();
        }
    }

    private RecordedExchanges() {
    }

    public static Path folder() {
        String set = System.getenv("REALCASES");
        String shared = System.getenv("SIGNALBOX_SHARED");
        Path folder = set != null
                ? Path.of(set)
                : shared != null
                        ? Path.of(shared, "realcases")
                        : Path.of(System.getProperty("signalbox.root", "."), "..", "shared", "realcases");
        Assumptions.assumeTrue(Files.isDirectory(folder),
                () -> "SKIPPED: no recorded exchanges at " + folder + "; set REALCASES or SIGNALBOX_SHARED");
        return folder;
    }

    /** The exchanges of openai and of endpoints compatible with it, in one category. */
    public static List<Exchange> ofOpenAi(String category) throws IOException {
        return of(category, vendor -> vendor.equals("openai") || vendor.startsWith("openai-compatible"));
    }

    /** The exchanges of some vendors in one category. */
    public static List<Exchange> of(String category, Predicate<String> vendors) throws IOException {
        Path folder = folder();
        List<Exchange> exchanges = new ArrayList<>();
        for (String line : Files.readAllLines(folder.resolve("index.jsonl"))) {
            Exchange exchange = new Exchange(JSON.readTree(line), folder);
            if (exchange.category().equals(category) && vendors.test(exchange.vendor())) {
                exchanges.add(exchange);
            }
        }
        return exchanges;
    }

    /** The rows of another file, by id. */
    public static Map<String, JsonNode> rows(String file) throws IOException {
        Map<String, JsonNode> rows = new TreeMap<>();
        for (String line : Files.readAllLines(folder().resolve(file))) {
            JsonNode row = JSON.readTree(line);
            rows.put(row.get("id").asText(), row);
        }
        return rows;
    }
}
