Console.WriteLine("UNetGen");
