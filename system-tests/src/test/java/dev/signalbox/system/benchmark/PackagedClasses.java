package dev.signalbox.system.benchmark;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.jar.JarEntry;
import java.util.jar.JarOutputStream;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * The distribution and this benchmark as jars, so that a subject can be started as the launcher starts the product: from a
 * cache of its own training run ({@code -XX:AOTCache}), which takes no folders on its class path.
 */
final class PackagedClasses {
    private PackagedClasses() {
    }

    /** A class path of jars only: the distribution's, and one of this package's classes, written to {@code folder}. */
    static String classPath(Path folder) throws IOException {
        Path own = folder.resolve("benchmark.jar");
        Path classes = Path.of(BareLoop.class.getProtectionDomain().getCodeSource().getLocation().getPath());
        try (JarOutputStream jar = new JarOutputStream(Files.newOutputStream(own));
                Stream<Path> files = Files.walk(classes.resolve(BareLoop.class.getPackageName().replace('.', '/')))) {
            for (Path file : files.filter(Files::isRegularFile).sorted().toList()) {
                jar.putNextEntry(new JarEntry(classes.relativize(file).toString()));
                Files.copy(file, jar);
                jar.closeEntry();
            }
        }
        Path distribution = Path.of(System.getProperty("signalbox.root"), "cli", "target", "distribution", "lib");
        try (Stream<Path> jars = Files.list(distribution)) {
            return Stream.concat(jars.sorted(), Stream.of(own)).map(Path::toString)
                    .collect(Collectors.joining(System.getProperty("path.separator")));
        } catch (UncheckedIOException e) {
            throw e.getCause();
        }
    }

    /** Options that record a cache, or start from it. */
    static List<String> cache(Path file, Use use) {
        return switch (use) {
            case RECORD -> List.of("-Xlog:disable", "-XX:AOTCacheOutput=" + file);
            case START_FROM -> List.of("-Xlog:disable", "-XX:AOTCache=" + file);
        };
    }

    enum Use {
        RECORD,
        START_FROM
    }
}
