package dev.signalbox.system;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.Architectures.layeredArchitecture;

import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchRule;
import org.junit.jupiter.api.Tag;

/** Arrows between modules and packages point one way: the order in which a request, or a change, flows. */
@Tag("issue-2")
@AnalyzeClasses(packages = "dev.signalbox", importOptions = ImportOption.DoNotIncludeTests.class)
class ArchitectureTest {

    @ArchTest
    static final ArchRule MODULES_DEPEND_ONLY_ON_WHAT_IS_BELOW_THEM = layeredArchitecture()
            .consideringOnlyDependenciesInLayers()
            .layer("schemas").definedBy("dev.signalbox.schemas..")
            .layer("topology-config").definedBy("dev.signalbox.config..")
            .layer("workers").definedBy("dev.signalbox.workers..")
            .optionalLayer("dispatcher").definedBy("dev.signalbox.dispatcher..")
            .layer("simulator").definedBy("dev.signalbox.simulator..")
            .layer("cli").definedBy("dev.signalbox.cli..", "dev.signalbox.embedded..")
            .whereLayer("schemas").mayNotAccessAnyLayer()
            .whereLayer("topology-config").mayOnlyAccessLayers("schemas")
            .whereLayer("workers").mayOnlyAccessLayers("schemas", "topology-config")
            .whereLayer("dispatcher").mayOnlyAccessLayers("schemas", "topology-config")
            .whereLayer("simulator").mayOnlyAccessLayers("schemas", "topology-config");

    @ArchTest
    static final ArchRule WORKER_STAGES_POINT_ALONG_THE_FLOW_OF_A_REQUEST = layeredArchitecture()
            .consideringOnlyDependenciesInLayers()
            .layer("intake").definedBy("dev.signalbox.workers.intake..")
            .layer("scheduler").definedBy("dev.signalbox.workers.scheduler..")
            .layer("router").definedBy("dev.signalbox.workers.router..")
            .layer("vendor").definedBy("dev.signalbox.workers.vendor..")
            .layer("reply").definedBy("dev.signalbox.workers.reply..")
            .whereLayer("intake").mayNotAccessAnyLayer()
            .whereLayer("scheduler").mayOnlyAccessLayers("intake")
            .whereLayer("router").mayOnlyAccessLayers("intake", "scheduler")
            .whereLayer("vendor").mayOnlyAccessLayers("intake", "scheduler", "router")
            .whereLayer("reply").mayOnlyAccessLayers("intake", "scheduler", "router", "vendor");

    @ArchTest
    static final ArchRule STAGES_DO_NOT_KNOW_WHO_ASSEMBLES_THEM = noClasses()
            .that().resideInAnyPackage("dev.signalbox.workers.*..")
            .should().dependOnClassesThat().resideInAPackage("dev.signalbox.workers");

    @ArchTest
    static final ArchRule ONLY_THE_VENDOR_STAGE_SPEAKS_HTTP_TO_VENDORS = noClasses()
            .that().resideOutsideOfPackage("dev.signalbox.workers.vendor..")
            .should().dependOnClassesThat().resideInAnyPackage("okhttp3..");

    @ArchTest
    static final ArchRule SCHEDULER_AND_ROUTER_ARE_PURE = noClasses()
            .that().resideInAnyPackage("dev.signalbox.workers.scheduler..", "dev.signalbox.workers.router..")
            .should().dependOnClassesThat()
            .resideInAnyPackage("org.apache.kafka.clients..", "java.net.http..", "java.io..", "java.nio.channels..");

    @ArchTest
    static final ArchRule PURE_CODE_READS_NO_CLOCK = noClasses()
            .that().resideInAnyPackage("dev.signalbox.config", "dev.signalbox.workers.router..",
                    "dev.signalbox.dispatcher.health..", "dev.signalbox.dispatcher.latency..",
                    "dev.signalbox.dispatcher.redundancy..")
            .should().callMethod(System.class, "currentTimeMillis")
            .orShould().callMethod(System.class, "nanoTime")
            .orShould().callMethod(java.time.Instant.class, "now");

    @ArchTest
    static final ArchRule NAMES_SAY_WHAT_A_CLASS_IS = classes()
            .should().haveSimpleNameNotEndingWith("Manager")
            .andShould().haveSimpleNameNotEndingWith("Helper")
            .andShould().haveSimpleNameNotEndingWith("Util")
            .andShould().haveSimpleNameNotEndingWith("Utils")
            .andShould().haveSimpleNameNotEndingWith("Impl");
}
