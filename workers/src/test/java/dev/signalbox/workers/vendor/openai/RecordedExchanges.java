package dev.signalbox.workers.vendor.openai;

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
import org.junit.jupiter.api.Assumptions;

/** The recorded exchanges beside the project; without them the test that asks is skipped, aloud. */
final class RecordedExchanges {
    static final ObjectMapper JSON = new ObjectMapper();

    /** @param row of index.jsonl */
    record Exchange(JsonNode row, Path folder) {
        String id() {
            return row.get("id").asText();
        }

        String vendor() {
            return row.get("vendor").asText();
        }

        String category() {
            return row.get("category").asText();
        }

        int status(int otherwise) {
            return row.get("status").isNull() ? otherwise : row.get("status").asInt();
        }

        boolean isChat() {
            String url = row.get("url").asText("").replaceAll("[?#].*", "");
            return url.endsWith("/chat/completions");
        }

        byte[] body() {
            try {
                return Files.readAllBytes(folder.resolve(row.get("body_file").asText()));
            } catch (IOException e) {
                throw new java.io.UncheckedIOException(e);
            }
        }

        /** The bytes of a stream as they are on the wire. */
        byte[] stream() {
            if (!row.get("kind").asText().equals("jsonl-chunks")) {
                return body();
            }
            ByteArrayOutputStream wire = new ByteArrayOutputStream();
            for (String line : new String(body(), StandardCharsets.UTF_8).split("\n")) {
                if (!line.isBlank()) {
                    wire.writeBytes(("data: " + line + "\n\n").getBytes(StandardCharsets.UTF_8));
                }
            }
            return wire.toByteArray();
        }

        Map<String, String> headers() {
            Map<String, String> headers = new TreeMap<>();
            row.get("response_headers").properties()
                    .forEach(header -> headers.put(header.getKey().toLowerCase(java.util.Locale.ROOT),
                            header.getValue().asText()));
            return headers;
        }

        /** The recorded request, or a small one where it was not kept whole. */
        byte[] request() {
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

    static Path folder() {
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
    static List<Exchange> ofOpenAi(String category) throws IOException {
        Path folder = folder();
        List<Exchange> exchanges = new ArrayList<>();
        for (String line : Files.readAllLines(folder.resolve("index.jsonl"))) {
            Exchange exchange = new Exchange(JSON.readTree(line), folder);
            String vendor = exchange.vendor();
            if (exchange.category().equals(category)
                    && (vendor.equals("openai") || vendor.startsWith("openai-compatible"))) {
                exchanges.add(exchange);
            }
        }
        return exchanges;
    }

    /** The rows of another file, by id. */
    static Map<String, JsonNode> rows(String file) throws IOException {
        Map<String, JsonNode> rows = new TreeMap<>();
        for (String line : Files.readAllLines(folder().resolve(file))) {
            JsonNode row = JSON.readTree(line);
            rows.put(row.get("id").asText(), row);
        }
        return rows;
    }
}
