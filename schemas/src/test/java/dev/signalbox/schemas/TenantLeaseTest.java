package dev.signalbox.schemas;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@Tag("issue-6")
class TenantLeaseTest {
    @ParameterizedTest
    @ValueSource(strings = {"acme", "", "a b", "a/b", "a:b", "Ünï+%2F", "tenant:x:y"})
    void a_name_says_whose_it_is(String tenant) {
        TenantLease lease = new TenantLease(new PoolName("main"), tenant);
        assertThat(TenantLease.parse(lease.toString())).contains(lease);
        assertThat(TenantLease.isNamed(lease + " worker-1")).isTrue();
        assertThat(lease.toString()).startsWith("tenant:/main:").doesNotContain(" ");
    }

    @Test
    void what_is_no_tenants_is_none() {
        assertThat(TenantLease.parse("openai.eu/gpt")).isEmpty();
        assertThat(TenantLease.parse("tenant:/main")).isEmpty();
        assertThat(TenantLease.parse("tenant:/No Pool:acme")).isEmpty();
        assertThat(TenantLease.parse("tenant:/main:%zz")).isEmpty();
        assertThat(TenantLease.isNamed("tenant/model")).isFalse();
    }
}
