// Command tidb runs a real TiDB server on its embedded store, for TicketFlow's tests and benches.
//
// It binds to the loopback address only, keeps its data in the given folder and gives root the password that
// TIDB_PASSWORD holds. It prints "ready" once it accepts connections and ends on SIGTERM or SIGINT.
package main

import (
	"context"
	"flag"
	"fmt"
	"log"
	"net"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/pingcap/tidb/pkg/config"
	"github.com/pingcap/tidb/pkg/ddl"
	"github.com/pingcap/tidb/pkg/domain"
	"github.com/pingcap/tidb/pkg/executor"
	"github.com/pingcap/tidb/pkg/kv"
	"github.com/pingcap/tidb/pkg/resourcemanager"
	"github.com/pingcap/tidb/pkg/server"
	"github.com/pingcap/tidb/pkg/session"
	kvstore "github.com/pingcap/tidb/pkg/store"
	"github.com/pingcap/tidb/pkg/store/copr"
	"github.com/pingcap/tidb/pkg/store/mockstore"
	"github.com/pingcap/tidb/pkg/util/logutil"
)

const (
	loopback      = "127.0.0.1"
	embeddedStore = "unistore"
)

func main() {
	log.SetFlags(0)
	port := flag.Uint("port", 4000, "port on 127.0.0.1")
	folder := flag.String("data", "", "folder of the data; made when missing, kept between runs")
	flag.Parse()
	password := os.Getenv("TIDB_PASSWORD")
	if *folder == "" || password == "" {
		log.Fatal("give -data FOLDER and set TIDB_PASSWORD")
	}
	data, err := filepath.Abs(*folder)
	check(err)
	configure(data, *port)

	storage, dom := open(data)
	check(setPassword(storage, password))
	svr, err := server.NewServer(config.GetGlobalConfig(), server.NewTiDBDriver(storage))
	check(err)
	svr.SetDomain(dom)
	dom.InfoSyncer().SetSessionManager(svr)

	stop := make(chan os.Signal, 1)
	signal.Notify(stop, syscall.SIGTERM, syscall.SIGINT)
	go func() {
		<-stop
		svr.Close()
	}()
	go announce(*port)
	check(svr.Run(dom))
	closeAll(svr, storage, dom)
}

// configure sets what the server reads from its global configuration: loopback only, no status port, quiet logs.
func configure(data string, port uint) {
	check(os.MkdirAll(data, 0o700))
	config.UpdateGlobal(func(c *config.Config) {
		c.Store = embeddedStore
		c.Path = filepath.Join(data, "store")
		c.Host = loopback
		c.AdvertiseAddress = loopback
		c.Port = port
		c.Socket = ""
		c.Status.ReportStatus = false
		c.TempStoragePath = filepath.Join(data, "tmp")
		c.Log.Level = "error"
		c.Log.EnableSlowLog.Store(false)
		c.Log.File.Filename = filepath.Join(data, "tidb.log")
		c.Log.SlowQueryFile = filepath.Join(data, "slow.log")
		c.Performance.ServerMemoryQuota = 2 << 30
	})
	check(logutil.InitLogger(config.GetGlobalConfig().Log.ToLogConfig()))
	session.SetSchemaLease(config.DefSchemaLease)
}

// open starts the embedded store and a bootstrapped domain on it.
func open(data string) (kv.Storage, *domain.Domain) {
	check(kvstore.Register(embeddedStore, mockstore.EmbedUnistoreDriver{}))
	executor.Start()
	resourcemanager.InstanceResourceManager.Start()
	storage, err := kvstore.New(fmt.Sprintf("%s://%s", embeddedStore, config.GetGlobalConfig().Path))
	check(err)
	copr.GlobalMPPFailedStoreProber.Run()
	check(ddl.StartOwnerManager(context.Background(), storage))
	dom, err := session.BootstrapSession(storage)
	check(err)
	return storage, dom
}

// setPassword gives root its password before the first connection can be made.
func setPassword(storage kv.Storage, password string) error {
	se, err := session.CreateSession(storage)
	if err != nil {
		return err
	}
	defer se.Close()
	quoted := strings.NewReplacer(`\`, `\\`, `'`, `\'`).Replace(password)
	ctx := kv.WithInternalSourceType(context.Background(), kv.InternalTxnPrivilege)
	_, err = se.ExecuteInternal(ctx, "ALTER USER 'root'@'%' IDENTIFIED BY '"+quoted+"'")
	return err
}

// announce says "ready" on standard output once the port accepts connections.
func announce(port uint) {
	address := fmt.Sprintf("%s:%d", loopback, port)
	for {
		connection, err := net.DialTimeout("tcp", address, time.Second)
		if err == nil {
			_ = connection.Close()
			fmt.Println("ready")
			return
		}
		time.Sleep(50 * time.Millisecond)
	}
}

func closeAll(svr *server.Server, storage kv.Storage, dom *domain.Domain) {
	svr.DrainClients(time.Second, time.Second)
	dom.Close()
	ddl.CloseOwnerManager()
	copr.GlobalMPPFailedStoreProber.Stop()
	_ = storage.Close()
	resourcemanager.InstanceResourceManager.Stop()
	executor.Stop()
}

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}
