package dev.signalbox.system.processes;

import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Assumptions;

/**
 * The distribution of the version before, built from this repository's own history at {@link #COMMIT}: nothing of it is
 * simulated. {@code -Dsignalbox.version.before=FOLDER} names one that is built already.
 */
final class VersionBefore {
    /** The last commit of the version before. To be moved at each release. */
    static final String COMMIT = "309a9a8";
    private static final Path ROOT = Path.of(System.getProperty("signalbox.root"));

    private VersionBefore() {
    }

    /** A class path of its jars, and behind them the tests' own classes; skips the test, aloud, where it cannot be built. */
    static String classPath() throws IOException, InterruptedException {
        Path jars = Path.of(System.getProperty("signalbox.version.before",
                ROOT.resolve("system-tests/target/version-before/cli/target/distribution/lib").toString()));
        if (!Files.isDirectory(jars)) {
            build();
        }
        if (!Files.isDirectory(jars)) {
            System.out.println("SKIPPED: the version before cannot be built here from commit " + COMMIT
                    + "; it needs git with the history, and Maven");
            Assumptions.abort("no version before");
        }
        Path tests = Path.of(OwnedMain.class.getProtectionDomain().getCodeSource().getLocation().getPath());
        try (Stream<Path> found = Files.list(jars)) {
            return Stream.concat(found.sorted(), Stream.of(tests)).map(Path::toString)
                    .collect(Collectors.joining(File.pathSeparator));
        }
    }

    private static void build() throws IOException, InterruptedException {
        Path folder = Files.createDirectories(ROOT.resolve("system-tests/target/version-before"));
        Process build = new ProcessBuilder("sh", "-c", "git -C \"$1\" archive " + COMMIT + " | tar -x -C \"$2\""
                + " && cd \"$2\" && mvn -B -q -o -Pquick -DskipTests -pl cli -am package", "sh", ROOT.toString(),
                folder.toString()).redirectErrorStream(true)
                .redirectOutput(folder.resolveSibling("version-before.log").toFile()).start();
        if (!build.waitFor(5, TimeUnit.MINUTES)) {
            Stream.concat(build.descendants(), Stream.of(build.toHandle())).toList()
                    .forEach(ProcessHandle::destroyForcibly);
        }
    }

}
