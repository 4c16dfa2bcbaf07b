package dev.signalbox.embedded;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import org.jspecify.annotations.Nullable;

/**
 * One holder at a time for a data folder. The operating system drops the lock when its process ends, however it ends,
 * so there is nothing to clean up after kill -9. The file {@code lock} holds the holder's process id.
 */
final class FolderLock implements AutoCloseable {
    /** The locked byte lies far beyond the text, so that others can read the text where locks are mandatory. */
    private static final long LOCKED_BYTE = Long.MAX_VALUE - 1;
    private final FileChannel channel;

    private FolderLock(FileChannel channel) {
        this.channel = channel;
    }

    /**
     * @throws FolderLockedException when it is held
     * @throws EmbeddedStartException when the folder cannot be made or written
     */
    static FolderLock take(Path folder) throws EmbeddedStartException {
        Path file = folder.resolve("lock");
        FileChannel channel;
        try {
            Files.createDirectories(folder);
            channel = FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.READ,
                    StandardOpenOption.WRITE);
        } catch (IOException e) {
            throw new EmbeddedStartException("The data folder " + folder + " cannot be written (" + e
                    + "): make it writable, or name another folder.", e);
        }
        try {
            if (tryLock(channel) == null) {
                String holder = holder(channel);
                channel.close();
                throw new FolderLockedException(folder, holder);
            }
            byte[] pid = (ProcessHandle.current().pid() + "\n").getBytes(StandardCharsets.US_ASCII);
            channel.truncate(0);
            channel.write(ByteBuffer.wrap(pid), 0);
            return new FolderLock(channel);
        } catch (FolderLockedException e) {
            throw e;
        } catch (IOException e) {
            throw new EmbeddedStartException("The data folder " + folder + " cannot be locked (" + e
                    + "): name a folder on a local disk.", e);
        }
    }

    private static @Nullable FileLock tryLock(FileChannel channel) throws IOException {
        try {
            return channel.tryLock(LOCKED_BYTE, 1, false);
        } catch (OverlappingFileLockException held) {
            return null; // by this very process
        }
    }

    private static String holder(FileChannel channel) throws IOException {
        ByteBuffer text = ByteBuffer.allocate(32);
        channel.read(text, 0);
        String pid = new String(text.array(), 0, text.position(), StandardCharsets.US_ASCII).strip();
        if (pid.isEmpty()) {
            return "another process";
        }
        return "process " + pid;
    }

    @Override
    public void close() throws IOException {
        channel.close();
    }
}
