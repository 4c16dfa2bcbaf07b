package dev.signalbox.cli;

import java.io.InputStream;
import java.util.function.IntConsumer;

/** What surrounds a command: streams and signals. The root command is one; tests have their own. */
public interface Shell {
    /** Stands in the field until picocli sets it. */
    Shell NONE = new Shell() {
        @Override
        public Terminal terminal() {
            throw new IllegalStateException("not running under a command line");
        }

        @Override
        public InputStream in() {
            return InputStream.nullInputStream();
        }

        @Override
        public void onInterrupt(IntConsumer listener) {
        }
    };

    Terminal terminal();

    InputStream in();

    /** From now on each Ctrl-C or SIGTERM calls the listener with its number from 1, and no longer ends the process. */
    void onInterrupt(IntConsumer listener);
}
