package dev.signalbox.cli;

import picocli.CommandLine.Option;

/** Who gives an order, and why. */
final class Reason {
    @Option(names = "--why", required = true, paramLabel = "TEXT", description = "The reason; everyone sees it.")
    private String why = "";

    @Option(names = "--who", paramLabel = "NAME", defaultValue = "${sys:user.name}", description = "Who orders it; default ${DEFAULT-VALUE}.")
    private String who = "";

    String why() {
        return why;
    }

    String who() {
        return who;
    }
}
