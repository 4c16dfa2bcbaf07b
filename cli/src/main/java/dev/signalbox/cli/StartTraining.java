package dev.signalbox.cli;

import dev.signalbox.simulator.Simulator;
import dev.signalbox.simulator.SimulatorOptions;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;

/**
 * Runs one batch of some thousand small requests against vendors that answer at once, so that Java can record which
 * classes and methods the command needs ({@code -XX:AOTCacheOutput}): a start then takes a third of the time, and the
 * first thousands of requests half. The launcher runs it after a build; it is no command of the user's.
 */
public final class StartTraining {
    private static final int REQUESTS = 6_000;
    private static final int STREAMED_ONE_IN = 4;
    private static final String CONFIGURATION = """
            environment: training
            vendors:
              training: { family: openai, base_url: "%s" }
            deployments:
              training/m: { vendor: training, model_id: m }
            pools:
              main: { use_cases: [otherwise], priorities: [interactive, standard, batch] }
            routes:
              m: { training: { otherwise: { sequence: [training] } } }
            topics: { partitions: 2 }
            prices:
              version: training
              deployments:
                training/m: { input_per_million: 1, output_per_million: 2 }
            """;

    private StartTraining() {
    }

    /** @param args one: a folder to work in; what is made there is removed afterwards */
    public static void main(String[] args) throws IOException {
        Path folder = Files.createTempDirectory(Path.of(args[0]), "training");
        int code;
        try (Simulator vendors = Simulator.start(SimulatorOptions.zeroLatency())) {
            Path configuration = folder.resolve("training.yaml");
            Files.writeString(configuration, CONFIGURATION.formatted(vendors.baseUrl()));
            Path requests = folder.resolve("requests.jsonl");
            Files.write(requests, requests());
            code = new Main(Terminal.ofProcess(System.getenv()), InputStream.nullInputStream(), listener -> {
            }).run("batch", requests.toString(), "--out", folder.resolve("replies.jsonl").toString(), "--data",
                    folder.resolve("data").toString(), "--config", configuration.toString());
        } finally {
            remove(folder);
        }
        System.exit(code);
    }

    private static List<String> requests() {
        List<String> lines = new ArrayList<>();
        for (int i = 0; i < REQUESTS; i++) {
            lines.add("""
                    {"custom_id":"t%d","method":"POST","url":"/v1/chat/completions","body":{"model":"m",%s"messages":[\
                    {"role":"system","content":"You answer."},{"role":"user","content":"%s"}]}}"""
                    .formatted(i, i % STREAMED_ONE_IN == 0 ? "\"stream\":true," : "",
                            "Where is my parcel? ".repeat(40)));
        }
        return lines;
    }

    private static void remove(Path folder) throws IOException {
        try (Stream<Path> files = Files.walk(folder)) {
            for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
                Files.delete(file);
            }
        }
    }
}
