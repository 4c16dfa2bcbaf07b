package dev.signalbox.schemas.claim;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.FileTime;
import java.time.Instant;
import java.util.Optional;

/**
 * A folder that callers and workers share. A body appears under its name whole or not at all; putting it again renews its
 * time, so that whoever clears the folder by age leaves it.
 */
public final class FolderClaimStore implements ClaimStore {
    private final Path folder;

    /** @param folder is made where it is missing */
    public FolderClaimStore(Path folder) {
        this.folder = folder;
    }

    @Override
    public void put(String key, byte[] body) throws IOException {
        Path file = file(key);
        Files.createDirectories(file.getParent());
        if (Files.isRegularFile(file) && Files.size(file) == body.length) {
            Files.setLastModifiedTime(file, FileTime.from(Instant.now()));
            return;
        }
        Path whole = Files.createTempFile(file.getParent(), ".claim-", ".part");
        try {
            Files.write(whole, body);
            Files.move(whole, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
        } finally {
            Files.deleteIfExists(whole);
        }
    }

    @Override
    public Optional<byte[]> get(String key, int limitBytes) throws IOException {
        Path file = file(key);
        try {
            // A link could lead out of the folder.
            if (!file.toRealPath().startsWith(folder.toRealPath())) {
                return Optional.empty();
            }
            try (InputStream content = Files.newInputStream(file)) {
                return Optional.of(content.readNBytes(limitBytes));
            }
        } catch (NoSuchFileException e) {
            return Optional.empty();
        }
    }

    private Path file(String key) throws IOException {
        if (!ClaimStores.isLegalKey(key)) {
            throw new IOException("not a legal key");
        }
        return folder.resolve(key);
    }
}
