package dev.signalbox.system;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.dataformat.yaml.YAMLMapper;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.SortedSet;
import java.util.TreeSet;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/** What deploy/ has for Prometheus and Grafana, and promtool, which judges it. */
final class Monitoring {
    static final Path PROMETHEUS = Path.of(System.getProperty("signalbox.root"), "deploy", "prometheus");
    private static final Path DASHBOARD = Path.of(System.getProperty("signalbox.root"), "deploy", "grafana",
            "dashboards", "signalbox.json");
    static final Path KEDA = Path.of(System.getProperty("signalbox.root"), "deploy", "keda", "worker.yaml");
    private static final Pattern STRING = Pattern.compile("\"(?:[^\"\\\\]|\\\\.)*\"");
    private static final Pattern LABELS = Pattern
            .compile("\\{[^}]*}|\\b(?:by|without|on|ignoring|group_left|group_right)\\s*\\([^)]*\\)");
    private static final Pattern NAME = Pattern.compile("[a-zA-Z_:][a-zA-Z0-9_:]*(?!\\s*\\()\\b");
    private static final Set<String> WORDS = Set.of("and", "or", "unless", "bool", "by", "without", "on", "offset",
            "sum", "max", "min", "count", "avg", "inf", "nan");
    /** Prometheus' own: it adds them to every scrape. */
    static final Set<String> OF_PROMETHEUS = Set.of("up", "ALERTS");

    private Monitoring() {
    }

    /** Every expression of the dashboard by its panel's title, with Grafana's variables filled in. */
    static Map<String, String> dashboard() throws IOException {
        Map<String, String> all = new LinkedHashMap<>();
        for (JsonNode panel : new ObjectMapper().readTree(DASHBOARD.toFile()).path("panels")) {
            for (JsonNode target : panel.path("targets")) {
                all.put(panel.path("title").asText() + " " + target.path("refId").asText(),
                        target.path("expr").asText().replace("$__rate_interval", "5m").replaceAll("\\$[a-z]+", ".*"));
            }
        }
        return all;
    }

    /** What each name of the dashboard's variables is asked of. */
    static List<String> variables() throws IOException {
        List<String> all = new ArrayList<>();
        for (JsonNode variable : new ObjectMapper().readTree(DASHBOARD.toFile()).path("templating").path("list")) {
            if (variable.path("type").asText().equals("query")) {
                all.add(variable.path("definition").asText().replaceAll("label_values\\(([^,]+),.*", "$1"));
            }
        }
        return all;
    }

    /** The rules, alerts and recorded ones, as the file has them. */
    static List<JsonNode> rules() throws IOException {
        List<JsonNode> all = new ArrayList<>();
        for (JsonNode group : new YAMLMapper().readTree(PROMETHEUS.resolve("signalbox.rules.yml").toFile())
                .path("groups")) {
            group.path("rules").forEach(all::add);
        }
        return all;
    }

    /** What the autoscaler asks Prometheus, by the trigger's name. */
    static Map<String, String> scaling() throws IOException {
        Map<String, String> all = new LinkedHashMap<>();
        for (JsonNode trigger : new YAMLMapper().readTree(KEDA.toFile()).path("spec").path("triggers")) {
            all.put(trigger.path("name").asText(), trigger.path("metadata").path("query").asText());
        }
        return all;
    }

    /** Names of the series that an expression asks for; that it is one is promtool's to say. */
    static SortedSet<String> names(String expression) {
        String bare = LABELS.matcher(STRING.matcher(expression).replaceAll("''")).replaceAll(" ")
                .replaceAll("\\[[^]]*]", " ").replaceAll("\\b[0-9][0-9a-zA-Z.]*\\b", " ");
        SortedSet<String> names = new TreeSet<>();
        NAME.matcher(bare).results().map(found -> found.group()).filter(name -> !WORDS.contains(name))
                .filter(name -> !bare.matches("(?s).*\\b" + name + "\\s*\\(.*")).forEach(names::add);
        return names;
    }

    /** Where promtool is; empty: it is not on the PATH. */
    static Optional<Path> promtool() {
        return Stream.of(System.getenv().getOrDefault("PATH", "").split(":")).map(Path::of)
                .map(folder -> folder.resolve("promtool")).filter(Files::isExecutable).findFirst();
    }

    /** What promtool says, if it finds fault; empty: nothing. */
    static Optional<String> faults(Path promtool, String... arguments) throws IOException, InterruptedException {
        List<String> command = new ArrayList<>(List.of(promtool.toString()));
        command.addAll(List.of(arguments));
        Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
        String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        return process.waitFor() == 0 ? Optional.empty() : Optional.of(said);
    }
}
