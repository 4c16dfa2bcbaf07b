package dev.signalbox.cli;

import java.io.IOException;
import java.io.InputStream;
import java.util.Properties;
import java.util.concurrent.Callable;
import org.apache.kafka.common.utils.AppInfoParser;
import picocli.CommandLine.Command;
import picocli.CommandLine.ParentCommand;

/** Says what is installed. */
@Command(name = "version", description = "Shows the versions of Signalbox, Kafka and Java.")
final class VersionCommand implements Callable<Integer> {
    @ParentCommand
    private Shell shell = Shell.NONE;

    @Override
    public Integer call() throws IOException {
        shell.terminal().out().println("signalbox " + ofSignalbox());
        shell.terminal().out().println("kafka " + AppInfoParser.getVersion());
        shell.terminal().out().println("java " + Runtime.version());
        return ExitCode.OK.number();
    }

    /** The jar's version, or that it runs from compiled classes. */
    static String ofSignalbox() throws IOException {
        try (InputStream in = VersionCommand.class
                .getResourceAsStream("/META-INF/maven/dev.signalbox/cli/pom.properties")) {
            if (in == null) {
                return "development";
            }
            Properties properties = new Properties();
            properties.load(in);
            return properties.getProperty("version", "unknown");
        }
    }
}
