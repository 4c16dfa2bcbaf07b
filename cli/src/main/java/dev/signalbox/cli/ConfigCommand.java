package dev.signalbox.cli;

import dev.signalbox.config.Configuration;
import dev.signalbox.config.ConfigurationReader;
import dev.signalbox.config.ReadResult;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ParentCommand;
import picocli.CommandLine.Spec;
import org.jspecify.annotations.Nullable;

/** Checks and prints configurations. */
@Command(name = "config", description = "Checks or prints a configuration.")
final class ConfigCommand implements Runnable {
    @ParentCommand
    private Shell shell = Shell.NONE;

    @Spec
    private @Nullable CommandSpec spec;

    @Override
    public void run() {
        if (spec != null) {
            throw new ParameterException(spec.commandLine(), "config: check or print?");
        }
    }

    @Command(name = "check", description = "Lists all errors and warnings of configuration files. Exit code 2 if there is an error.")
    int check(@Parameters(arity = "1..*", paramLabel = "FILE", description = "Configurations.") List<Path> files) {
        boolean valid = true;
        for (Path file : files) {
            switch (ConfigurationReader.read(file)) {
                case ReadResult.Valid good -> {
                    good.warnings().forEach(warning -> shell.terminal().say("warning: " + warning));
                    shell.terminal().out().println(file + ": good: " + inWords(good.configuration()));
                }
                case ReadResult.Invalid bad -> {
                    valid = false;
                    bad.problems().forEach(problem -> shell.terminal().fault(problem.toString()));
                }
            }
        }
        return (valid ? ExitCode.OK : ExitCode.USAGE).number();
    }

    private static String inWords(Configuration configuration) {
        return configuration.deployments().size() + " deployments of " + configuration.routes().size() + " models, "
                + configuration.pools().size() + " pools, environment " + configuration.environment();
    }

    @Command(name = "print", description = "Prints the configuration that a command would use, after checking it; secrets stay references.")
    int print(@Mixin ConfigurationChoice choice) throws IOException {
        if (choice.origin() != ConfigurationChoice.Origin.LIVE) {
            choice.read(shell.terminal());
        }
        shell.terminal().out()
                .print(choice.file().isPresent() ? Files.readString(choice.file().get()) : choice.text());
        return ExitCode.OK.number();
    }
}
