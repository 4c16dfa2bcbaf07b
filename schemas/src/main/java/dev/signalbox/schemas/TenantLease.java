package dev.signalbox.schemas;

import java.net.URLDecoder;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.util.Optional;

/**
 * What a tenant's calls at once of a pool are leased as, in the place of a deployment's name. It reads as the name of a deployment that
 * no configuration has, since no place has a colon: whoever knows of deployments alone passes it over. It is part of record keys, so there is no
 * space in it.
 */
public record TenantLease(PoolName pool, String tenant) {
    private static final String BEGINS = "tenant:/";

    /** Whether that is a tenant's, and no deployment's; what follows the name does not count. */
    public static boolean isNamed(String name) {
        return name.startsWith(BEGINS);
    }

    /** Empty for any other name. */
    public static Optional<TenantLease> parse(String name) {
        int end = name.indexOf(':', BEGINS.length());
        if (!isNamed(name) || end < 0 || !PoolName.isLegal(name.substring(BEGINS.length(), end))) {
            return Optional.empty();
        }
        try {
            return Optional.of(new TenantLease(new PoolName(name.substring(BEGINS.length(), end)),
                    URLDecoder.decode(name.substring(end + 1), StandardCharsets.UTF_8)));
        } catch (IllegalArgumentException e) {
            return Optional.empty();
        }
    }

    @Override
    public String toString() {
        return BEGINS + pool + ":" + URLEncoder.encode(tenant, StandardCharsets.UTF_8);
    }
}
