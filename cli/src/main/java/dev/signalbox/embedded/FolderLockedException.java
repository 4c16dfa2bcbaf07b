package dev.signalbox.embedded;

import java.nio.file.Path;

/** Another process, or another stack of this one, holds the data folder. */
public final class FolderLockedException extends EmbeddedStartException {
    private static final long serialVersionUID = 1L;

    /** @param holder who holds it, in words: {@code process 4711} or {@code another process} */
    public FolderLockedException(Path folder, String holder) {
        super("The data folder " + folder + " is in use by " + holder
                + ": wait until it ends or stop it, or name another folder.");
    }
}
