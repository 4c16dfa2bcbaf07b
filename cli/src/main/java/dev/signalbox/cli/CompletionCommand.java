package dev.signalbox.cli;

import java.util.concurrent.Callable;
import picocli.AutoComplete;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParentCommand;
import picocli.CommandLine.Spec;
import org.jspecify.annotations.Nullable;

/** Prints a completion script. */
@Command(name = "completion", description = "Prints shell completion for bash and zsh: source <(signalbox completion)")
final class CompletionCommand implements Callable<Integer> {
    @ParentCommand
    private Shell shell = Shell.NONE;

    @Spec
    private @Nullable CommandSpec spec;

    @Override
    public Integer call() {
        if (spec == null) {
            throw new IllegalStateException("not running under a command line");
        }
        shell.terminal().out().print(AutoComplete.bash("signalbox", spec.root().commandLine()));
        return ExitCode.OK.number();
    }
}
