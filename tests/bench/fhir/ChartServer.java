import ca.uhn.fhir.context.FhirContext;
import ca.uhn.fhir.jpa.test.config.TestHSearchAddInConfig;
import ca.uhn.fhir.jpa.test.config.TestR4Config;
import ca.uhn.fhir.rest.server.HardcodedServerAddressStrategy;
import ca.uhn.fhir.rest.server.RestfulServer;
import ca.uhn.fhir.rest.server.provider.ResourceProviderFactory;
import org.eclipse.jetty.ee10.servlet.ServletContextHandler;
import org.eclipse.jetty.ee10.servlet.ServletHolder;
import org.eclipse.jetty.server.Server;
import org.eclipse.jetty.server.ServerConnector;
import org.springframework.context.annotation.AnnotationConfigApplicationContext;

/**
 * HAPI FHIR's R4 server on the loopback interface with an empty database in memory. Its one argument
 * is the address under which its clients know it; it prints "listening PORT".
 */
public class ChartServer {
  public static void main(String[] args) throws Exception {
    var spring = new AnnotationConfigApplicationContext(
        TestR4Config.class, TestHSearchAddInConfig.NoFT.class);
    var fhir = new RestfulServer(spring.getBean(FhirContext.class));
    fhir.setServerAddressStrategy(new HardcodedServerAddressStrategy(args[0]));
    fhir.registerProviders(
        spring.getBean("myResourceProvidersR4", ResourceProviderFactory.class).createProviders());
    fhir.registerProvider(spring.getBean("mySystemProviderR4"));

    var server = new Server();
    var connector = new ServerConnector(server);
    connector.setHost("127.0.0.1");
    server.addConnector(connector);
    var handler = new ServletContextHandler();
    handler.addServlet(new ServletHolder(fhir), "/fhir/*");
    server.setHandler(handler);
    server.start();
    System.out.println("listening " + connector.getLocalPort());
    server.join();
  }
}
