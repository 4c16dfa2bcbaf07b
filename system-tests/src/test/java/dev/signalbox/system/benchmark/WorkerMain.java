package dev.signalbox.system.benchmark;

import dev.signalbox.config.ConfigurationReader;
import dev.signalbox.config.ReadResult;
import dev.signalbox.workers.Worker;
import dev.signalbox.workers.WorkerOptions;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;

/** A worker. Arguments: bootstrap servers, registry URL, configuration file. Prints READY and its admin port. */
public final class WorkerMain {
    private WorkerMain() {
    }

    public static void main(String[] args) throws Exception {
        ReadResult read = ConfigurationReader.read(Path.of(args[2]));
        if (!(read instanceof ReadResult.Valid valid)) {
            throw new IllegalArgumentException(read.toString());
        }
        Worker worker = Worker.start(WorkerOptions.of(valid.configuration(), Map.of("bootstrap.servers", args[0]),
                Map.of("schema.registry.url", args[1])));
        while (!worker.ready()) {
            Thread.sleep(Duration.ofMillis(20));
        }
        System.out.println("READY " + worker.adminPort());
        BareLoop.endWithInput();
    }
}
