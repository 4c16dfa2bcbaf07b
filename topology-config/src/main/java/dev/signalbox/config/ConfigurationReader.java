package dev.signalbox.config;

import java.io.IOException;
import java.nio.charset.CharacterCodingException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Function;

/**
 * Reads and checks a configuration. All problems are found in one pass, in this order: YAML and references, the JSON
 * Schema, the names; what has no value or the wrong form is not judged further.
 */
public final class ConfigurationReader {
    /** Names the environment where the configuration does not. */
    public static final String ENVIRONMENT_VARIABLE = "SIGNALBOX_ENVIRONMENT";

    private ConfigurationReader() {
    }

    /** Reads a file, with this process's environment; a file that cannot be read is one of the problems. */
    public static ReadResult read(Path file) {
        try {
            return read(file.toString(), Files.readString(file), name -> Optional.ofNullable(System.getenv(name)));
        } catch (NoSuchFileException e) {
            return unreadable(file, "no such file");
        } catch (CharacterCodingException e) {
            return unreadable(file, "not UTF-8 text");
        } catch (IOException e) {
            return unreadable(file, "cannot be read (" + e.getClass().getSimpleName() + ")");
        }
    }

    private static ReadResult unreadable(Path file, String why) {
        return new ReadResult.Invalid(List.of(new Problem(file.toString(), 0, 0, why, Optional.empty())));
    }

    /**
     * Reads a text.
     *
     * @param name what problems call it, usually the file's path; relative {@code ${file:…}} are beside it
     * @param environment value of an environment variable
     */
    public static ReadResult read(String name, String yaml, Function<String, Optional<String>> environment) {
        return read(name, yaml, environment, References.Missing.COMPLAIN);
    }

    /**
     * Reads a text that is meant for other processes: secrets and other references that have no value in this one are taken
     * to have one there. Not to be acted on, only judged.
     */
    public static ReadResult readForOthers(String name, String yaml, Function<String, Optional<String>> environment) {
        ReadResult here = read(name, yaml, environment);
        return here instanceof ReadResult.Invalid
                && read(name, yaml, environment, References.Missing.ASSUME) instanceof ReadResult.Valid assumed
                        ? assumed
                        : here;
    }

    private static ReadResult read(String name, String yaml, Function<String, Optional<String>> environment,
            References.Missing missing) {
        YamlTree tree = new YamlTree();
        Findings problems = new Findings(name, tree);
        Path folder = Optional.ofNullable(Path.of(name).toAbsolutePath().getParent()).orElse(Path.of(""));
        if (new YamlReader(tree, problems, new References(environment, folder, missing)).read(yaml)) {
            new SchemaCheck(tree, problems).check();
            new NameCheck(tree, problems).check();
            new PoolCheck(tree, problems).check();
            new PlanCheck(tree, problems).check();
            new RouteCheck(tree, problems).check();
        }
        if (!problems.isEmpty()) {
            return new ReadResult.Invalid(problems.inFileOrder());
        }
        ConfigurationSchema.fillDefaults(tree.root());
        Configuration configuration = new ConfigurationBinder(tree, folder).bind(environmentOf(tree, environment));
        Findings warnings = new Findings(name, tree);
        new ConfigurationWarnings(configuration, warnings).check();
        new PlanCheck(tree, warnings).unused();
        return new ReadResult.Valid(configuration, warnings.inFileOrder(), new Places(name, tree));
    }

    private static String environmentOf(YamlTree tree, Function<String, Optional<String>> environment) {
        return ConfigurationBinder.text(tree.root(), "environment").or(() -> environment.apply(ENVIRONMENT_VARIABLE))
                .orElseGet(() -> onlyEnvironment(tree));
    }

    private static String onlyEnvironment(YamlTree tree) {
        Set<String> named = new TreeSet<>();
        RouteCheck.all(tree).forEach(route -> named.add(route.get(1)));
        named.remove(Pool.OTHERWISE);
        return named.size() == 1 ? named.iterator().next() : "default";
    }
}
