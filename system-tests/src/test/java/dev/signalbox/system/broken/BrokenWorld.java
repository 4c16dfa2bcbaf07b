package dev.signalbox.system.broken;

import java.io.File;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.MalformedURLException;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * The project's classes and those of all its modules' tests once more, with some mechanisms switched off. It shares JUnit
 * with the outer world and nothing else, so that no static field, cache or thread pool of the one reaches the other.
 */
public class BrokenWorld extends URLClassLoader {
    private static final List<String> MODULES = List.of("schemas", "topology-config", "workers", "dispatcher",
            "simulator", "cli");

    private final List<Switch> switches;

    /** @throws IllegalStateException if the modules are not built beside this one */
    public BrokenWorld(List<Switch> switches) {
        super("broken", classPath(), new Shared(BrokenWorld.class.getClassLoader()));
        this.switches = List.copyOf(switches);
    }

    private static URL[] classPath() {
        Path root = Path.of(System.getProperty("signalbox.root"));
        List<URL> urls = new ArrayList<>();
        for (String module : MODULES) {
            for (String folder : List.of("test-classes", "classes")) {
                Path classes = root.resolve(module).resolve("target").resolve(folder);
                if (Files.isDirectory(classes)) {
                    urls.add(url(classes));
                } else if (folder.equals("classes")) {
                    throw new IllegalStateException("not built: " + classes);
                }
            }
        }
        for (String entry : System.getProperty("java.class.path").split(File.pathSeparator)) {
            urls.add(url(Path.of(entry)));
        }
        return urls.toArray(URL[]::new);
    }

    private static URL url(Path path) {
        try {
            return path.toUri().toURL();
        } catch (MalformedURLException e) {
            throw new IllegalArgumentException(path.toString(), e);
        }
    }

    @Override
    protected Class<?> findClass(String name) throws ClassNotFoundException {
        List<Switch> meant = switches.stream().filter(any -> any.type().equals(name)).toList();
        if (meant.isEmpty() && !changes(name)) {
            return super.findClass(name);
        }
        try (InputStream file = getResourceAsStream(name.replace('.', '/') + ".class")) {
            if (file == null) {
                throw new ClassNotFoundException(name);
            }
            byte[] bytes = file.readAllBytes();
            for (Switch each : meant) {
                bytes = each.applyTo(bytes, this);
            }
            if (changes(name)) {
                bytes = change(name, bytes);
            }
            return defineClass(name, bytes, 0, bytes.length);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Whether this world changes the class beyond what is switched off. */
    protected boolean changes(String name) {
        return false;
    }

    /** The class as it is in this world. */
    protected byte[] change(String name, byte[] compiled) {
        return compiled;
    }

    /** The JDK, and JUnit so that its launcher here runs the tests there. */
    private static final class Shared extends ClassLoader {
        private final ClassLoader outer;

        Shared(ClassLoader outer) {
            super(ClassLoader.getPlatformClassLoader());
            this.outer = outer;
        }

        @Override
        protected Class<?> findClass(String name) throws ClassNotFoundException {
            if (name.startsWith("org.junit.") || name.startsWith("org.opentest4j.")) {
                return outer.loadClass(name);
            }
            throw new ClassNotFoundException(name);
        }
    }
}
